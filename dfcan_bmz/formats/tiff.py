"""TIFF of every kind: mapped where the pixels lie in the file as in memory, else read by strips or tiles."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.intensities import Conversion, as_stored, of_imagej, of_palette, white_is_zero
from dfcan_bmz.formats.pixels import Opened, Pixels, flattened
from dfcan_bmz.formats.png import colour
from dfcan_bmz.formats.tiff_metadata import quietly, read_metadata
from dfcan_bmz.formats.tiff_pages import ReadPage, page_reader, pages_of
from dfcan_bmz.formats.units import tidy_axes

MOST_COMPRESSED = 5000  # times; above it, a header promises pixels that cannot be there
WHITE_IS_ZERO, BLACK_IS_ZERO, PALETTE = 0, 1, 3
PHOTOMETRIC = 262
ALPHA = ((1,), (2,))  # the sample behind the grey level
MISREAD_BITS = 24  # of whole numbers: tifffile takes their bytes in another order than the file's
GREY = (WHITE_IS_ZERO, BLACK_IS_ZERO, 2, PALETTE)  # 2 is RGB, which one sample a pixel contradicts


def open_tiff(path: Path) -> Opened:
    """Open a TIFF file: its own pages, whatever series of files it belongs to.

    Raises
    ------
    DfcanError
        If it is truncated, a colour image, or holds images of several sizes or types.
    """
    with quietly(), tifffile.TiffFile(path) as file:
        pages = pages_of(path, file)
        keys = list({id(page.key): page.key for page in pages}.values())
        _refuse_several(path, keys, "sizes", lambda key: " x ".join(map(str, key.shape)))
        told = read_metadata(path, file, pages)
        calibrated, note = of_imagej(told.imagej, keys[0].dtype)
        conversions = {id(key): _conversion(path, key, calibrated) for key in keys}
        _refuse_several(path, keys, "types", lambda key: str(conversions[id(key)].dtype))
        axes, shape = f"{told.axes}YX", (*told.sizes, *keys[0].shape[:2])
        kept, places = tidy_axes(path, axes, shape)
        shape = tuple(shape[place] for place in places)
        if math.prod(shape) * keys[0].dtype.itemsize > MOST_COMPRESSED * path.stat().st_size:
            raise DfcanError(f"{path} has a damaged header ({' x '.join(map(str, shape))} px): copy it again")
        readers = [_converted(page_reader(path, page), conversions[id(page.key)]) for page in told.pages]
    pixels = Pixels(
        path,
        flattened(shape),
        conversions[id(keys[0])].dtype,
        lambda plane, rows, columns: readers[plane](rows, columns),
    )
    notes = tuple(filter(None, (*told.notes, note)))
    return Opened(pixels, kept, told.calibration.of_axes(kept), shape[:-2], notes)


def _refuse_several(
    path: Path, keys: list[tifffile.TiffPage], what: str, of: Callable[[tifffile.TiffPage], str]
) -> None:
    found = list(dict.fromkeys(of(key) for key in keys))
    if len(found) > 1:
        raise DfcanError(f"{path} holds pages of several {what} ({', '.join(found[:4])}): save them as separate files")


def _conversion(path: Path, key: tifffile.TiffPage, calibrated: Conversion | None) -> Conversion:
    """How the numbers of a page become intensities; an opaque alpha channel is dropped."""
    grey = _of_grey(path, key, calibrated)
    return Conversion(grey.dtype, lambda stored: grey.apply(_opaque(path, stored))) if _has_alpha(key) else grey


def _has_alpha(key: tifffile.TiffPage) -> bool:
    """Whether each grey level has its opacity behind it."""
    return tuple(map(int, key.extrasamples)) in ALPHA and key.planarconfig == 1 and key.dtype in (np.uint8, np.uint16)


def _opaque(path: Path, stored: np.ndarray) -> np.ndarray:
    if np.any(stored[..., 1] != np.iinfo(stored.dtype).max):
        raise colour(path)
    return stored[..., 0]


def _of_grey(path: Path, key: tifffile.TiffPage, calibrated: Conversion | None) -> Conversion:
    samples = 2 if _has_alpha(key) else 1
    if len(key.shape) != 1 + samples or key.samplesperpixel != samples:
        raise _several_samples(path, key)
    if key.dtype is None or (key.bitspersample == MISREAD_BITS and key.dtype.kind == "u"):
        raise DfcanError(f"{path} has {key.bitspersample} bits per pixel, which are not supported: save it as 32-bit")
    photometric = int(key.photometric) if PHOTOMETRIC in key.tags else BLACK_IS_ZERO
    if photometric == PALETTE and key.colormap is not None:
        found = of_palette(np.asarray(key.colormap))
        if found is None:
            raise colour(path)
        return calibrated or found
    if photometric not in GREY:
        raise colour(path)
    if calibrated is not None:
        return calibrated
    return white_is_zero(key.dtype, key.bitspersample) if photometric == WHITE_IS_ZERO else as_stored(key.dtype)


def _several_samples(path: Path, key: tifffile.TiffPage) -> DfcanError:
    """The refusal of a page of several numbers a pixel: a volume, channels, a stack taken for colours, or colours."""
    if key.samplesperpixel == 1:
        return DfcanError(f"{path} has a whole volume in a page: save its planes as pages")
    if key.samplesperpixel not in (3, 4) or key.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO):
        return DfcanError(f"{path} has several channels: split them and give one file per channel")
    if key.planarconfig == 2:  # as tifffile writes three planes of which nothing else is told
        return DfcanError(
            f"{path} is a colour image, or a stack saved as one: convert it to grey levels, or save the stack anew "
            "(tifffile: photometric='minisblack')"
        )
    return colour(path)


def _converted(read: ReadPage, conversion: Conversion) -> ReadPage:
    return lambda rows, columns: conversion.apply(read(rows, columns))
