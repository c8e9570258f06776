"""Long work on a layer, tile by tile, which tells how far it is and can be cancelled; maps of the uncertainty."""

from threading import Event
from typing import NamedTuple

import numpy as np

from dfcan_bmz.evaluation.trust import disagreement, reblur
from dfcan_bmz.flaws import refuse_flawed
from dfcan_bmz.model import Model
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.prediction.tiles import count_tiles, predict_unit

ORIENTATIONS = 8


class CancelledError(Exception):
    """The user does not want the result any more."""


class Task:
    """Work in another thread: `done` of `total` tiles; the work ends after the tile at hand when `stop` is set."""

    def __init__(self) -> None:
        self.done, self.total, self.stop = 0, 1, Event()

    def on_tile(self) -> None:
        """Count a tile.

        Raises
        ------
        CancelledError
            If the work is to stop.
        """
        if self.stop.is_set():
            raise CancelledError
        self.done += 1


class Maps(NamedTuple):
    """What is known of a prediction without a truth.

    Attributes
    ----------
    spread : numpy.ndarray
        (..., sY, sX): standard deviation between the predictions of the eight orientations, 0..1.
    error : numpy.ndarray
        (..., Y, X): disagreement of the image with the prediction blurred again, in shares of its range.
    """

    spread: np.ndarray
    error: np.ndarray


def map_planes(predictor: Model, planes: np.ndarray, task: Task) -> Maps:
    """Map the uncertainty of the predictions of planes.

    Parameters
    ----------
    predictor : Model
        The model.
    planes : numpy.ndarray
        (..., Y, X), any units. The maps of planes that cannot be normalised are 0.
    task : Task
        Told of each tile.

    Raises
    ------
    DfcanError
        If no plane can be normalised.
    CancelledError
        If the task is to stop.
    """
    *leading, height, width = planes.shape
    stack = planes.reshape(-1, height, width)
    scalings = [scaling_of(plane) for plane in stack]
    refuse_flawed("the layer", scalings)
    sound = [index for index, scaling in enumerate(scalings) if not scaling.flaw]
    task.total = ORIENTATIONS * len(sound) * count_tiles(predictor, (height, width))
    spread = np.zeros((len(stack), predictor.scale * height, predictor.scale * width), np.float32)
    error = np.zeros(stack.shape, np.float32)
    for index in sound:
        unit = scalings[index].apply(stack[index])
        found = disagreement(lambda turned: predict_unit(predictor, turned, task.on_tile), unit)
        spread[index], error[index] = found.spread, reblur(found.mean, stack[index], scalings[index]).error
    return Maps(*(maps.reshape(*leading, *maps.shape[1:]) for maps in (spread, error)))
