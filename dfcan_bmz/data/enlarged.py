"""LR planes enlarged before they reach a network: what one training for several scales learns from."""

from typing import Any

import numpy as np

from dfcan_bmz.data.planes import Plane
from dfcan_bmz.formats.pixels import Sliced
from dfcan_bmz.interpolation import bicubic

MARGIN_PX = 2  # LR pixels that a cubic kernel reaches


class Enlarged:
    """A plane of which each slice comes enlarged bicubically, as the networks do it that enlarge first.

    Parameters
    ----------
    lr : numpy.ndarray or whatever slices like one
        (Y, X) float32.
    scale : int
        Scale factor s.
    """

    def __init__(self, lr: Sliced, scale: int) -> None:
        self.lr, self.scale = lr, scale
        self.shape = tuple(scale * side for side in lr.shape)

    def __getitem__(self, key: tuple[Any, ...]) -> np.ndarray:
        (rows, above, y), (columns, beside, x) = (
            _source(part, side, self.scale) for part, side in zip(key[-2:], self.lr.shape, strict=True)
        )
        return bicubic(np.pad(self.lr[rows, columns], (above, beside), mode="reflect"), self.scale)[y, x]


def enlarge(plane: Plane, scale: int) -> Plane:
    """A pair of one size: the LR plane enlarged when it is cut, and what is known of the signal, in these pixels."""
    signal = None if plane.signal is None else plane.signal.repeat(scale, axis=1).repeat(scale, axis=2)
    return plane._replace(lr=Enlarged(plane.lr, scale), signal=signal)


def _source(part: slice, side: int, scale: int) -> tuple[slice, tuple[int, int], slice]:
    """Along one axis: LR pixels for a slice of enlarged ones, how many are mirrored, and where the slice then is."""
    first, last = part.start // scale - MARGIN_PX, -(-part.stop // scale) + MARGIN_PX
    start = part.start - scale * first
    inside = slice(max(0, first), min(side, last))
    return inside, (max(0, -first), max(0, last - side)), slice(start, start + part.stop - part.start)
