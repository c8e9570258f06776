"""TIFF for ImageJ, or OME-TIFF where ImageJ's own kind cannot hold the pixels: written at once, or row by row."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import tifffile

LARGEST_FOR_IMAGEJ = 4 * 10**9  # bytes; above, ImageJ's own kind bends the TIFF standard

# (plane, first row, rows (n, X)) into a file that exists
WriteRows = Callable[[int, int, np.ndarray], None]


def options(
    shape: tuple[int, ...],
    dtype: np.dtype,
    axes: str,
    pixel_size_nm: float | None = None,
    z_step_nm: float | None = None,
    notes: str = "",
) -> dict[str, Any]:
    """Arguments of ``tifffile.imwrite`` for pixels of this shape and type.

    Parameters are those of `dfcan_bmz.images.write`; `notes` is text for people, which Fiji shows under Image > Show
    Info (OME-TIFF: the image's description).
    """
    nbytes = math.prod(shape) * np.dtype(dtype).itemsize
    for_imagej = dtype in (np.uint8, np.uint16, np.float32) and nbytes <= LARGEST_FOR_IMAGEJ
    for_imagej = for_imagej and sorted(axes, key="TZCYX".index) == list(axes)
    # ImageJ's one unit is that of the pixels too: without their size they would count as a micrometre each
    for_imagej = for_imagej and not (z_step_nm is not None and pixel_size_nm is None)
    calibration: dict[str, Any] = {}
    metadata: dict[str, Any] = {"axes": axes}
    if notes:
        metadata["Info" if for_imagej else "Description"] = notes
    if pixel_size_nm is not None:
        per_um = 1e3 / pixel_size_nm
        if for_imagej:
            calibration = {"resolution": (per_um, per_um)}
            metadata["unit"] = "um"
        else:
            metadata |= {"PhysicalSizeX": pixel_size_nm / 1e3, "PhysicalSizeY": pixel_size_nm / 1e3}
    if z_step_nm is not None and "Z" in axes:
        metadata |= {"spacing": z_step_nm / 1e3, "unit": "um"} if for_imagej else {"PhysicalSizeZ": z_step_nm / 1e3}
    big = nbytes > LARGEST_FOR_IMAGEJ
    kind = {"imagej": for_imagej, "ome": not for_imagej, "bigtiff": big}
    # grey, also where an image is three or four pixels wide
    return {**kind, "photometric": "minisblack", "metadata": metadata, **calibration}


def create_tiff(path: Path, shape: tuple[int, ...], dtype: np.dtype, **settings: Any) -> None:
    """Write a TIFF whose pixels are 0 and take no room on the disk yet; `settings` are those of `options`."""
    tifffile.memmap(path, shape=shape, dtype=dtype, **options(shape, dtype, **settings))


def tiff_notes(path: Path) -> str:
    """The `notes` of a file of `create_tiff`; empty where there are none, or the file is none."""
    try:
        with tifffile.TiffFile(path) as file:
            if file.ome_metadata:
                return str(tifffile.xml2dict(file.ome_metadata)["OME"]["Image"].get("Description", ""))
            return str((file.imagej_metadata or {}).get("Info", "")) or file.pages[0].description
    except (OSError, tifffile.TiffFileError, KeyError, AttributeError, ElementTree.ParseError):
        return ""  # the last three: OME-XML by others


def tiff_writer(path: Path) -> WriteRows:
    """How to write rows into a file of `create_tiff`."""
    with tifffile.TiffFile(path) as file:
        series = file.series[0]
        offset, (height, width) = series.dataoffset, series.shape[-2:]
        dtype = np.dtype(series.dtype).newbyteorder(file.byteorder)

    def write(plane: int, row: int, rows: np.ndarray) -> None:
        with path.open("r+b") as stream:
            stream.seek(offset + (plane * height + row) * width * dtype.itemsize)
            stream.write(np.ascontiguousarray(rows, dtype).data)

    return write
