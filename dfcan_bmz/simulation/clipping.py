"""Pixels whose value was cut off, at black or at the most that a file or a camera holds."""

import numpy as np
from scipy.ndimage import gaussian_filter

LEAST_SHARE = 0.003  # of the pixels that have the smallest or the largest value, if it is where values were cut
PILE = 4.0  # times as many as have the next value
SOUND = 0.02  # share of clipped pixels about a place, up to which its mean and variance are those of the camera


def clipped(plane: np.ndarray) -> np.ndarray:
    """Which pixels have the smallest or the largest value because all beyond it were cut off, (2, Y, X) bool."""
    values, counts = np.unique(plane, return_counts=True)
    found = np.zeros((2, *plane.shape), bool)
    if len(values) < 3:
        return found
    for index, (end, next_one) in enumerate(((0, 1), (-1, -2))):
        if counts[end] > max(LEAST_SHARE * plane.size, PILE * counts[next_one]):
            found[index] = plane == values[end]
    return found


def sound(plane: np.ndarray, neighbourhood_px: float, inner: slice) -> np.ndarray:
    """Where next to no pixel nearby is clipped, or at least fewer than in nine tenths of the inner part, bool.

    `inner` are its rows and its columns.
    """
    near = gaussian_filter(clipped(plane).any(axis=0).astype(float), neighbourhood_px)[inner, inner]
    return near <= max(SOUND, np.quantile(near, 0.1))
