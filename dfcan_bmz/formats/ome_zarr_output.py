"""OME-Zarr 0.4, one resolution, written by regions (needs the extra ``[scale]``)."""

from pathlib import Path

import numpy as np

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.names import legible

KINDS = {"Z": "space", "Y": "space", "X": "space", "T": "time", "C": "channel"}


def create_ome_zarr(
    path: Path,
    shape: tuple[int, ...],
    dtype: np.dtype,
    chunk: tuple[int, int],
    axes: str,
    pixel_size_nm: float | None = None,
    z_step_nm: float | None = None,
    notes: str = "",
) -> None:
    """Write an OME-Zarr image without pixels.

    Parameters
    ----------
    path : pathlib.Path
        Folder to make, ``*.ome.zarr``.
    shape : tuple of int
        As `axes` says.
    dtype : numpy.dtype
        Of the pixels.
    chunk : tuple of int
        (Y, X) of the chunks.
    axes : str
        ``"YX"``, or T, Z and C before it in any order.
    pixel_size_nm, z_step_nm : float, optional
        Side of a pixel and distance of the planes in nanometres.
    notes : str
        Text for people, kept among the attributes.

    Raises
    ------
    DfcanError
        If zarr is not installed.
    """
    try:
        import zarr
    except ImportError as error:
        raise DfcanError(f"{path} is OME-Zarr, which needs zarr: pip install 'dfcan-bmz[scale]'") from error
    sizes = {"Z": z_step_nm, "Y": pixel_size_nm, "X": pixel_size_nm}
    named = [{"name": axis.lower(), "type": KINDS[axis]} for axis in axes]
    for axis in named:
        if sizes.get(axis["name"].upper()) is not None:
            axis["unit"] = "nanometer"
    scale = [sizes.get(axis) or 1.0 for axis in axes]
    datasets = [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": scale}]}]
    group = zarr.create_group(path, zarr_format=2, overwrite=True)
    group.create_array(
        "0",
        shape=shape,
        dtype=dtype,
        chunks=(*(1 for _ in axes[:-2]), *(min(sizes) for sizes in zip(chunk, shape[-2:], strict=True))),
        chunk_key_encoding={"name": "v2", "separator": "/"},
    )
    group.attrs["multiscales"] = [{"version": "0.4", "name": legible(path.name), "axes": named, "datasets": datasets}]
    group.attrs["notes"] = notes


def zarr_array(path: Path):
    """Array of the pixels of an image of `create_ome_zarr`, open for writing."""
    import zarr

    return zarr.open_array(path / "0", mode="r+")


def zarr_notes(path: Path) -> str:
    """The `notes` of an image of `create_ome_zarr`; empty where there are none."""
    import zarr

    return str(zarr.open(path, mode="r").attrs.get("notes", ""))
