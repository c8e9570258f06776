"""Stored numbers to intensities: what a file's picture means by its numbers, not how it keeps them."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from dfcan_bmz.formats.units import number

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # of linear red, green and blue, ITU-R BT.709
SIGNED_16 = 2**15  # what ImageJ, which has no signed type, adds to signed 16-bit numbers
STRAIGHT_LINE, POLYNOMIALS = 0, (0, 1, 2, 3)  # ImageJ's functions of value calibration: of degree 1 to 4
NO_FUNCTION = 20


class Conversion(NamedTuple):
    """How the numbers of a file become intensities: `apply` gives an array of type `dtype`."""

    dtype: np.dtype
    apply: Callable[[np.ndarray], np.ndarray]


def as_stored(dtype: np.typing.DTypeLike) -> Conversion:
    """The numbers are the intensities."""
    return Conversion(np.dtype(dtype), lambda stored: stored)


def white_is_zero(dtype: np.dtype, bits: int) -> Conversion:
    """Of pictures whose smallest number is white; floating point, which has no largest number, changes its sign."""
    dtype = np.dtype(dtype).newbyteorder("=")
    if np.issubdtype(dtype, np.floating):
        return Conversion(dtype, np.negative)
    top = 2**bits - 1 if np.issubdtype(dtype, np.unsignedinteger) else -1
    return Conversion(dtype, lambda stored: dtype.type(top) - stored.astype(dtype))


def of_palette(colours: np.ndarray) -> Conversion | None:
    """Of indices into a palette; None where it is one of colours.

    A grey palette is looked up. A palette of any hue whose luminance rises or falls all the way is how grey levels are
    displayed: the index is the intensity.

    Parameters
    ----------
    colours : numpy.ndarray
        (3, N) red, green and blue, uint8 or uint16.
    """
    if colours.dtype == np.uint16 and (np.all(colours % 257 == 0) or np.all(colours % 256 == 0)):
        colours = (colours >> 8).astype(np.uint8)  # of 8 bits, which TIFF stretches to 16
    grey = colours[0]
    if np.array_equal(grey, colours[1]) and np.array_equal(grey, colours[2]):
        if np.array_equal(grey, np.arange(len(grey))):
            return as_stored(np.min_scalar_type(len(grey) - 1))
        return Conversion(grey.dtype, lambda stored: grey[stored.astype(np.intp)])
    steps = np.diff(LUMINANCE @ _used(colours))
    if not (np.all(steps >= 0) or np.all(steps <= 0)):
        return None
    top, falls = len(grey) - 1, bool(np.any(steps < 0))
    dtype = np.min_scalar_type(top)
    return Conversion(dtype, lambda stored: (top - stored if falls else stored).astype(dtype))


def _used(colours: np.ndarray) -> np.ndarray:
    """The palette without the black with which programs fill up a short one."""
    last = np.flatnonzero(colours.any(axis=0))
    return colours[:, : last[-1] + 1] if len(last) and np.any(np.diff(LUMINANCE @ colours) > 0) else colours


def of_imagej(fields: Mapping[str, str], dtype: np.dtype) -> tuple[Conversion | None, str]:
    """ImageJ's value calibration, which its description has as ``cf`` (the function) and ``c0``, ``c1`` ...

    Returns
    -------
    Conversion or None
        None where the stored numbers are the intensities.
    str
        A note where the function is none of those that are known here.
    """
    coefficients: list[float] = []
    while (value := number(fields.get(f"c{len(coefficients)}"))) is not None:
        coefficients.append(value)
    function = number(fields.get("cf", STRAIGHT_LINE))
    if function == NO_FUNCTION or not np.issubdtype(dtype, np.integer) or dtype.itemsize > 2:
        return None, ""
    if function not in POLYNOMIALS:
        name = fields["cf"]
        return None, f"ImageJ's function {name} of value calibration is not known here: the stored numbers are taken"
    if len(coefficients) < 2:
        return None, ""
    # ImageJ keeps signed numbers as unsigned ones, and its coefficients are for these
    shift = SIGNED_16 if dtype == np.int16 else 0
    if function == STRAIGHT_LINE and coefficients[:2] == [shift and -float(shift), 1.0]:
        return None, ""
    if function == STRAIGHT_LINE and coefficients[:2] == [-float(SIGNED_16), 1.0] and dtype == np.uint16:
        return Conversion(np.dtype(np.int16), lambda stored: (stored.astype(np.int32) - SIGNED_16).astype(np.int16)), ""
    used = coefficients[: int(function) + 2][::-1]
    calibrated = Conversion(
        np.dtype(np.float32), lambda stored: np.polyval(used, stored.astype(np.float64) + shift).astype(np.float32)
    )
    return calibrated, ""
