"""OME-Zarr: the full resolution of a multiscale image, chunk by chunk (needs the extra ``[scale]``)."""

from pathlib import Path
from typing import Any

import numpy as np

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.pixels import Opened, Pixels, flattened
from dfcan_bmz.formats.units import length_nm, tidy_axes

NAMELESS_AXES = {2: "YX", 3: "ZYX", 4: "CZYX", 5: "TCZYX"}  # of plain arrays, and of OME-Zarr before 0.3


def open_ome_zarr(path: Path) -> Opened:
    """Open an OME-Zarr image (0.1 to 0.5) or a plain Zarr array of two or three axes.

    Raises
    ------
    DfcanError
        If zarr is not installed, the folder holds no image, or one of several channels.
    """
    try:
        import zarr
    except ImportError as error:
        raise DfcanError(f"{path} is OME-Zarr, which needs zarr: pip install 'dfcan-bmz[scale]'") from error
    node = zarr.open(path, mode="r")
    if isinstance(node, zarr.Array):
        array, axes, sizes = node, NAMELESS_AXES.get(node.ndim, "?" * node.ndim), {}
    else:
        attributes = dict(node.attrs)
        multiscales = attributes.get("ome", attributes).get("multiscales")
        if not multiscales:
            raise DfcanError(f"{path} is no OME-Zarr image (a plate or a collection?): give one of the images in it")
        array = node[multiscales[0]["datasets"][0]["path"]]
        axes, sizes = _axes_and_sizes(multiscales[0], array.ndim)
    kept, places = tidy_axes(path, axes, array.shape)
    shape = tuple(array.shape[place] for place in places)

    def read_region(plane: int, rows: slice, columns: slice) -> np.ndarray:
        index = dict(zip(places, np.unravel_index(plane, shape[:-2]) if shape[:-2] else (), strict=False))
        return array[(*(int(index.get(place, 0)) for place in range(array.ndim - 2)), rows, columns)]

    pixels = Pixels(path, flattened(shape), array.dtype, read_region)
    return Opened(pixels, kept, sizes.get("X"), sizes.get("Z"), shape[:-2])


def _axes_and_sizes(multiscale: dict[str, Any], ndim: int) -> tuple[str, dict[str, float | None]]:
    """Letters of the axes, and the side of a pixel along each in nanometres."""
    axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in multiscale.get("axes", NAMELESS_AXES[ndim])]
    letters = "".join(axis["name"].upper() for axis in axes)
    scale = [1.0] * ndim
    for holder in (multiscale["datasets"][0], multiscale):
        for transformation in holder.get("coordinateTransformations", []):
            if transformation.get("type") == "scale":
                scale = [one * other for one, other in zip(scale, transformation["scale"], strict=True)]
    sizes = {letter: length_nm(size, axis.get("unit")) for letter, size, axis in zip(letters, scale, axes, strict=True)}
    return letters, sizes
