"""OME-Zarr 0.4, one resolution, written by regions (needs the extra ``[scale]``)."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.calibration import UNKNOWN, Calibration
from dfcan_bmz.names import legible

PARTS = {".zgroup", ".zattrs", ".zmetadata", "0"}
ORDER = "TCZYX"  # of the axes in the file: others refuse what is in another
KINDS = {"Z": "space", "Y": "space", "X": "space", "T": "time", "C": "channel"}

# (plane, rows, columns, pixels (n, m)) into a file that exists
WriteBlock = Callable[[int, slice, slice, np.ndarray], None]


def create_ome_zarr(
    path: Path,
    shape: tuple[int, ...],
    dtype: np.dtype,
    chunk: tuple[int, int],
    axes: str,
    calibration: Calibration = UNKNOWN,
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
        ``"YX"``, or T, Z and C before it in any order; in the file they are in that of the format.
    calibration : Calibration
        Becomes the scale and, where the origin is known, the translation of the axes.
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
    shape, axes = tuple(shape[axes.index(axis)] for axis in _ordered(axes)), _ordered(axes)
    named = [{"name": axis.lower(), "type": KINDS[axis]} for axis in axes]
    for axis in named:
        if _distance(calibration, axis["name"]) is not None:
            axis["unit"] = "second" if axis["name"] == "t" else "nanometer"
    transformations = [{"type": "scale", "scale": [_distance(calibration, axis.lower()) or 1.0 for axis in axes]}]
    places = [_centre(calibration, axis.lower()) for axis in axes]
    if any(place is not None for place in places):
        transformations.append({"type": "translation", "translation": [place or 0.0 for place in places]})
    datasets = [{"path": "0", "coordinateTransformations": transformations}]
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


def _distance(calibration: Calibration, axis: str) -> float | None:
    return {"x": calibration.x_nm, "y": calibration.y_nm, "z": calibration.z_nm, "t": calibration.t_s}.get(axis)


def _centre(calibration: Calibration, axis: str) -> float | None:
    """Place of the first pixel along an axis, whose centre is what a translation means."""
    places = {"x": calibration.origin_x_nm, "y": calibration.origin_y_nm, "z": calibration.origin_z_nm}
    size, place = _distance(calibration, axis), places.get(axis)
    if place is None or size is None:
        return None
    return place if axis == "z" else place + size / 2


def zarr_writer(path: Path, axes: str) -> WriteBlock:
    """How to write into an image of `create_ome_zarr`, whose planes are counted through its `axes` before Y and X."""
    import zarr

    array, ordered = zarr.open_array(path / "0", mode="r+"), _ordered(axes[:-2])
    lengths = [array.shape[ordered.index(axis)] for axis in axes[:-2]]

    def write(plane: int, rows: slice, columns: slice, pixels: np.ndarray) -> None:
        at = dict(zip(axes, np.unravel_index(plane, lengths), strict=False))
        array[(*(int(at[axis]) for axis in ordered), rows, columns)] = pixels

    return write


def _ordered(axes: str) -> str:
    return "".join(sorted(axes, key=ORDER.index))


def remove_unfinished_chunks(path: Path) -> None:
    """Delete what zarr had written aside, to be a chunk of an image of `create_ome_zarr`, when it was killed."""
    for file in (path / "0").rglob("*.partial"):
        file.unlink()


def zarr_notes(path: Path) -> str:
    """The `notes` of an image of `create_ome_zarr`; empty where there are none, or the folder is no such image."""
    try:
        attributes = json.loads((path / ".zattrs").read_text(encoding="utf-8"))
        return str(attributes.get("notes", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def zarr_strangers(path: Path) -> list[str]:
    """Names in the folder of an image of `create_ome_zarr` that are none of its parts."""
    return sorted({entry.name for entry in path.iterdir()} - PARTS)
