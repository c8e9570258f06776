"""Exact percentiles of planes of any size, by counting: strips pass by, and only counts stay in memory.

Every pixel becomes a whole number of 32 bits that sorts as the pixels do. A first pass counts the numbers by their
upper 16 bits, a second one those of interest by their lower 16 bits: that finds the pixel of any rank.
"""

from collections.abc import Iterator, Sequence

import numpy as np

HALF = 2**16
STRIP_PIXELS = 2**22


def percentiles(plane: np.ndarray, percents: Sequence[float]) -> list[float]:
    """Linear percentiles, as ``numpy.percentile`` has them.

    Parameters
    ----------
    plane : array
        (Y, X), in memory or in a file (anything that gives rows when it is sliced); what has more than 32 bits a pixel
        counts as float32.
    percents : sequence of float
        0..100.

    Returns
    -------
    list of float
        In the order of `percents`.
    """
    places = [percent / 100 * (plane.shape[0] * plane.shape[1] - 1) for percent in percents]
    ranks = sorted({rank for place in places for rank in (int(place), int(np.ceil(place)))})
    value_of = dict(zip(ranks, _pixels_of_rank(plane, ranks), strict=True))
    found = []
    for place in places:
        below, above = value_of[int(place)], value_of[int(np.ceil(place))]
        found.append(below + (above - below) * (place - int(place)))
    return found


def _pixels_of_rank(plane: np.ndarray, ranks: list[int]) -> list[float]:
    counts = np.zeros(HALF, np.int64)
    for keys in _keys(plane):
        counts += np.bincount(keys >> 16, minlength=HALF)
    up_to = np.cumsum(counts)
    uppers = np.searchsorted(up_to, ranks, side="right")
    lower_counts = {int(upper): np.zeros(HALF, np.int64) for upper in uppers}
    for keys in _keys(plane):
        for upper, count in lower_counts.items():
            count += np.bincount(keys[keys >> 16 == upper] & (HALF - 1), minlength=HALF)
    found = []
    for rank, upper in zip(ranks, map(int, uppers), strict=True):
        within = rank - (up_to[upper] - counts[upper])
        lower = int(np.searchsorted(np.cumsum(lower_counts[upper]), within, side="right"))
        found.append(_pixel_of_key(upper * HALF + lower, plane.dtype))
    return found


def _keys(plane: np.ndarray) -> Iterator[np.ndarray]:
    """Strips of the plane as whole numbers of 0 to 2^32 - 1 that sort as the pixels do."""
    rows = max(1, STRIP_PIXELS // plane.shape[1])
    for row in range(0, plane.shape[0], rows):
        strip = np.asarray(plane[row : row + rows]).ravel()
        if _counts_as_integer(strip.dtype):
            yield strip.astype(np.int64) - np.iinfo(strip.dtype).min
        else:
            bits = (strip.astype(np.float32) + np.float32(0)).view(np.uint32)  # + 0 turns -0 into 0
            yield np.where(bits >> 31, ~bits, bits | np.uint32(2**31)).astype(np.int64)


def _pixel_of_key(key: int, dtype: np.dtype) -> float:
    if _counts_as_integer(dtype):
        return float(key + np.iinfo(dtype).min)
    bits = key & (2**31 - 1) if key >> 31 else ~key & (2**32 - 1)
    return float(np.array(bits, np.uint32).view(np.float32))


def _counts_as_integer(dtype: np.dtype) -> bool:
    return np.issubdtype(dtype, np.integer) and dtype.itemsize <= 4
