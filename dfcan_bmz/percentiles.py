"""Exact percentiles of planes of any size, by counting: strips pass by, and only counts stay in memory.

Every pixel becomes a whole number of as many bits as it has that sorts as the pixels do. A first pass counts the
numbers by their upper 16 bits, each further one those of interest by their next 16 bits: that finds the pixel of any
rank.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from dfcan_bmz.formats.pixels import Pixels

DIGIT = 16  # bits that a pass counts by
STRIP_PIXELS = 2**22


def percentiles(plane: np.ndarray | Pixels, percents: Sequence[float]) -> list[float]:
    """Linear percentiles, as ``numpy.percentile`` has them.

    Parameters
    ----------
    plane : numpy.ndarray or Pixels
        (Y, X) or (frames, Y, X), in memory or in a file; integers or floating point of 64 bits at most, all of them
        finite.
    percents : sequence of float
        0..100.

    Returns
    -------
    list of float
        In the order of `percents`.
    """
    places = [percent / 100 * (math.prod(plane.shape) - 1) for percent in percents]
    ranks = sorted({rank for place in places for rank in (int(place), int(np.ceil(place)))})
    value_of = dict(zip(ranks, _pixels_of_rank(plane, ranks), strict=True))
    found = []
    for place in places:
        below, above = value_of[int(place)], value_of[int(np.ceil(place))]
        found.append(below + (above - below) * (place - int(place)))
    return found


def _pixels_of_rank(plane: np.ndarray | Pixels, ranks: list[int]) -> list[float]:
    """Pixels of these ranks among all, the smallest one being 0: digit by digit, as a dictionary is searched."""
    bits = 8 * _counted_type(plane.dtype).itemsize
    found = [(0, rank) for rank in ranks]  # the upper digits of a number, and its rank among those that share them
    for shift in range(bits - DIGIT, -1, -DIGIT):
        counts = {upper: np.zeros(2**DIGIT, np.int64) for upper, _ in found}
        for keys in _keys(plane):
            for upper, count in counts.items():
                shared = keys if shift == bits - DIGIT else keys[keys >> np.uint64(shift + DIGIT) == upper]
                digits = (shared >> np.uint64(shift)) & np.uint64(2**DIGIT - 1)
                count += np.bincount(digits.view(np.int64), minlength=2**DIGIT)
        up_to = {upper: np.cumsum(count) for upper, count in counts.items()}
        for index, (upper, rank) in enumerate(found):
            digit = int(np.searchsorted(up_to[upper], rank, side="right"))
            found[index] = (upper << DIGIT) + digit, rank - int(up_to[upper][digit] - counts[upper][digit])
    return [_pixel_of_key(key, plane.dtype) for key, _ in found]


def _keys(plane: np.ndarray | Pixels) -> Iterator[np.ndarray]:
    """Strips of the plane as unsigned whole numbers that sort as the pixels do."""
    counted = _counted_type(plane.dtype)
    sign = 1 << (8 * counted.itemsize - 1)
    unsigned = np.dtype(f"uint{8 * counted.itemsize}")
    height = plane.shape[-2]
    rows = max(1, STRIP_PIXELS * height // math.prod(plane.shape))
    for row in range(0, height, rows):
        strip = np.asarray(plane[..., row : row + rows, :]).ravel().astype(counted)
        if counted.kind == "f":
            bits = (strip + counted.type(0)).view(unsigned)  # + 0 turns -0 into 0
            keys = np.where(bits >= sign, ~bits, bits | unsigned.type(sign))
        else:
            keys = strip.view(unsigned) ^ unsigned.type(sign if counted.kind == "i" else 0)
        yield keys.astype(np.uint64)


def _pixel_of_key(key: int, dtype: np.dtype) -> float:
    counted = _counted_type(dtype)
    bits = 8 * counted.itemsize
    if counted.kind == "f":
        key = key ^ (1 << (bits - 1)) if key >> (bits - 1) else key ^ ((1 << bits) - 1)
        return float(np.array(key, f"uint{bits}").view(counted))
    return float(key - ((1 << (bits - 1)) if counted.kind == "i" else 0))


def _counted_type(dtype: np.dtype) -> np.dtype:
    """Type of 16, 32 or 64 bits that holds every pixel of `dtype`."""
    smallest = np.float32 if np.issubdtype(dtype, np.floating) else np.int16 if dtype.kind == "i" else np.uint16
    return np.promote_types(dtype, smallest).newbyteorder("=")
