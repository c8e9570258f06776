"""Micrographs written for ImageJ, at once or row by row."""

from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from dfcan_bmz.errors import UnfinishedError
from dfcan_bmz.formats import tiff_output
from dfcan_bmz.formats.calibration import UNKNOWN, Calibration
from dfcan_bmz.formats.ome_zarr_output import create_ome_zarr, zarr_notes, zarr_writer

WIDEST = (np.int64, np.uint64)


def writable(pixels: np.ndarray) -> np.ndarray:
    """Pixels in a type that ImageJ knows (8-bit, 16-bit or float32) where that keeps every value, else as they are.

    Whole numbers of 64 bits, which OME-TIFF does not know either, become float64 where that keeps them.
    """
    if pixels.dtype in (np.uint8, np.uint16):
        return pixels
    for dtype in (np.float32, *([np.float64] if pixels.dtype in WIDEST else [])):
        with np.errstate(over="ignore", invalid="ignore"):  # what does not fit is not equal
            as_float = pixels.astype(dtype)
            if np.array_equal(as_float.astype(pixels.dtype), pixels):
                return as_float
    return pixels


def write(
    path: Path,
    pixels: np.ndarray,
    axes: str = "YX",
    calibration: Calibration = UNKNOWN,
    info: dict[str, Any] | None = None,
) -> None:
    """Write a TIFF that ImageJ opens with its calibration.

    Parameters
    ----------
    path : pathlib.Path
        Ends in ``.tif``.
    pixels : numpy.ndarray
        uint8, uint16 or float32, shaped as `axes` says; what `writable` leaves in another type becomes an OME-TIFF.
    axes : str
        ``"YX"``, ``"ZYX"`` or ``"TYX"``.
    calibration : Calibration
        Distances of pixels, planes and frames, and the origin.
    info : dict, optional
        What else is known of the image; Fiji shows it with Image > Show Info.

    Raises
    ------
    UnfinishedError
        If a pixel is not finite, or a whole number that no type of an OME-TIFF holds.
    """
    if pixels.dtype in WIDEST:
        raise UnfinishedError(f"{path.name} would hold whole numbers beyond 2^53: subtract an offset, or divide them")
    if not np.isfinite(pixels).all():
        raise UnfinishedError(f"{path.name} would hold NaN or infinite pixels: check the range of its source")
    notes = "\n".join(f"{key} = {value}" for key, value in (info or {}).items())
    pixels = np.ascontiguousarray(pixels)
    settings = tiff_output.options(pixels.shape, pixels.dtype, axes, calibration.of_axes(axes), notes)
    tifffile.imwrite(path, pixels, **settings)


def create(
    path: Path,
    shape: tuple[int, ...],
    dtype: np.dtype,
    axes: str,
    calibration: Calibration,
    notes: str,
    chunk: int,
) -> None:
    """Make an image whose pixels are written later, by what `writer` returns.

    Parameters are those of `write`; OME-Zarr where `path` ends in ``.zarr``, else TIFF; `notes` is text for people;
    `chunk` is the side of the chunks of an OME-Zarr image in pixels.
    """
    if path.suffix == ".zarr":
        create_ome_zarr(path, shape, dtype, (chunk, chunk), axes, calibration.of_axes(axes), notes)
    else:
        tiff_output.create_tiff(path, shape, dtype, axes=axes, calibration=calibration.of_axes(axes), notes=notes)


def writer(path: Path, axes: str) -> tiff_output.WriteRows:
    """How to write rows into an image of `create` of these axes: (plane, first row, rows (n, X))."""
    if path.suffix != ".zarr":
        return tiff_output.tiff_writer(path)
    write = zarr_writer(path, axes)
    return lambda plane, row, rows: write(plane, slice(row, row + len(rows)), slice(None), rows)


def notes_of(path: Path) -> str:
    """The notes that `create` wrote into an image; empty where there are none."""
    if path.suffix == ".zarr":
        return zarr_notes(path)
    return tiff_output.tiff_notes(path)
