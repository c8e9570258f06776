"""A network on its input in every orientation: what the input determines does not depend on how it is turned."""

from collections.abc import Callable, Iterator
from functools import wraps

import numpy as np

from dfcan_bmz.data.augment import EVERY, Orientation, turn, turned_back
from dfcan_bmz.engines import Network


def orientations(phases: int = 1) -> list[Orientation]:
    """The eight of a square; of frames with stripes, `phases` of one orientation each, the two that keep these."""
    return [one for one in EVERY if phases == 1 or one.keeps_stripes]


def in_every_orientation(
    predict: Callable[[np.ndarray], np.ndarray], lr: np.ndarray, phases: int = 1
) -> Iterator[np.ndarray]:
    """Predict an image in every orientation, and turn the predictions back.

    Parameters
    ----------
    predict : callable
        Maps an image to one of s times its sides, without an axis of frames.
    lr : numpy.ndarray
        (..., Y, X), or (..., frames, Y, X).
    phases : int
        Frames of one orientation of the stripes; 1 where there are none.

    Yields
    ------
    numpy.ndarray
        (..., sY, sX); the first is that of the image as it is.
    """
    for orientation in orientations(phases):
        yield turned_back(predict(turn(lr, orientation, phases)), orientation)


def averaging(network: Network, phases: int = 1) -> Network:
    """A network that answers with the mean over the orientations of each tile, (N, H, H, frames) to (N, sH, sH, 1)."""

    @wraps(network)  # it runs in the same engine
    def run(batch: np.ndarray) -> np.ndarray:
        def predict(frames: np.ndarray) -> np.ndarray:
            return network(np.ascontiguousarray(np.moveaxis(frames, 1, -1)))[..., 0]

        found = list(in_every_orientation(predict, np.moveaxis(batch, -1, 1), phases))
        return (sum(found[1:], found[0]) / np.float32(len(found)))[..., None]

    return run
