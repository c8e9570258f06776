"""Long work on a layer, plane by plane and tile by tile, which tells how far it is and can be cancelled."""

from threading import Event
from typing import NamedTuple

import numpy as np

from dfcan_bmz.evaluation.trust import disagreement, reblur
from dfcan_bmz.flaws import refuse_flawed
from dfcan_bmz.model import Model, averaged
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


def predict_planes(predictor: Model, planes: np.ndarray, keep: bool, ensemble: bool, task: Task) -> np.ndarray:
    """Super-resolve planes.

    Parameters
    ----------
    predictor : Model
        The model.
    planes : numpy.ndarray
        (..., Y, X), any units. Planes that cannot be normalised become 0.
    keep : bool
        Whether the output has the intensities of each plane, instead of 0..1.
    ensemble : bool
        Whether it is the mean of the predictions of the eight orientations.
    task : Task
        Told of each tile.

    Returns
    -------
    numpy.ndarray
        (..., sY, sX) float32.

    Raises
    ------
    DfcanError
        If no plane can be normalised.
    CancelledError
        If the task is to stop.
    """
    stack = planes.reshape(-1, *planes.shape[-2:])
    scalings = [scaling_of(plane) for plane in stack]
    refuse_flawed("the layer", scalings)
    model = averaged(predictor) if ensemble else predictor
    task.total = _tiles(model, stack, scalings)
    result = np.zeros((len(stack), *(predictor.scale * side for side in stack.shape[1:])), np.float32)
    for index, (plane, scaling) in enumerate(zip(stack, scalings, strict=True)):
        if not scaling.flaw:
            predicted = predict_unit(model, scaling.apply(plane), task.on_tile)
            result[index] = scaling.undo(predicted) if keep else predicted
    return result.reshape(*planes.shape[:-2], *result.shape[1:])


def map_planes(predictor: Model, planes: np.ndarray, task: Task) -> Maps:
    """Map the uncertainty of the predictions of planes; parameters and errors are those of `predict_planes`."""
    stack = planes.reshape(-1, *planes.shape[-2:])
    scalings = [scaling_of(plane) for plane in stack]
    refuse_flawed("the layer", scalings)
    task.total = ORIENTATIONS * _tiles(predictor, stack, scalings)
    spread = np.zeros((len(stack), *(predictor.scale * side for side in stack.shape[1:])), np.float32)
    error = np.zeros(stack.shape, np.float32)
    for index, (plane, scaling) in enumerate(zip(stack, scalings, strict=True)):
        if not scaling.flaw:
            found = disagreement(lambda turned: predict_unit(predictor, turned, task.on_tile), scaling.apply(plane))
            spread[index], error[index] = found.spread, reblur(found.mean, plane, scaling).error
    leading = planes.shape[:-2]
    return Maps(*(maps.reshape(*leading, *maps.shape[1:]) for maps in (spread, error)))


def _tiles(predictor: Model, stack: np.ndarray, scalings: list) -> int:
    return sum(not scaling.flaw for scaling in scalings) * count_tiles(predictor, stack.shape[1:])
