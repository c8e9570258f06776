"""How uncertain a model's predictions of a test set's worst images are, beside their real errors."""

import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from dfcan_bmz.engines import Network
from dfcan_bmz.evaluation.coverage import Multiples, in_spreads
from dfcan_bmz.evaluation.measure import Case, EvaluatedPlane
from dfcan_bmz.evaluation.trust import Disagreement, Reblur, disagreement, reblur
from dfcan_bmz.events import Events
from dfcan_bmz.fingerprint import middle
from dfcan_bmz.images import mean_frame
from dfcan_bmz.metrics import affine, rse_map
from dfcan_bmz.model import Model
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.prediction.tiles import predict_part

LARGEST_PX = 128  # side of what is mapped of an image, its middle, in LR pixels: it takes eight predictions
QUICK_S = 1.0  # for a tile: a network that takes longer maps no uncertainty unless that is asked for

clock = time.perf_counter


class Timed:
    """A network that notes how long a tile takes it, the quickest one so far: the first of all may compile it."""

    def __init__(self, network: Network) -> None:
        self.network, self.seconds = network, np.inf

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        """Run it."""
        begin = clock()
        output = self.network(batch)
        self.seconds = min(self.seconds, (clock() - begin) / len(batch))
        return output


class Uncertainty(NamedTuple):
    """What can be said of the middle of a prediction without the HR image, and its real error.

    Attributes
    ----------
    lr : numpy.ndarray
        (Y, X), at most `LARGEST_PX` a side.
    reblurred : Reblur
        Of the prediction, against `lr`.
    turned : Disagreement
        Of the predictions of the turned image, (sY, sX).
    error : numpy.ndarray
        (sY, sX): real error, after a fit of gain and offset.
    multiples : Multiples
        The errors of the mean of all orientations, in units of the disagreement.
    """

    lr: np.ndarray
    reblurred: Reblur
    turned: Disagreement
    error: np.ndarray
    multiples: Multiples


Uncertainties = dict[tuple[str, str], Uncertainty]  # by image and model


def map_worst(
    worst: list[Case], models: dict[str, Model], seconds: dict[str, float], asked: bool | None, events: Events
) -> tuple[Uncertainties, list[str]]:
    """Map the uncertainty of the worst cases, where that is asked for or quick.

    Parameters
    ----------
    worst : list of Case
        Planes with their predictions.
    models : dict of str to Model
        By their names in `worst`.
    seconds : dict of str to float
        What a tile takes each of them.
    asked : bool or None
        Whether maps are wanted; None: of models that take less than `QUICK_S` for a tile.
    events : Events
        Hears of progress.

    Returns
    -------
    maps : dict of (str, str) to Uncertainty
        By image and model; without predictions that hold NaN.
    told : list of str
        What was decided for each model, where nobody asked, and why.
    """
    quick = {name: seconds[name] < QUICK_S if asked is None else asked for name in models}
    wanted = [
        (case, name) for case in worst for name in models if quick[name] and np.isfinite(case.predicted[name]).all()
    ]
    maps = {
        (case.plane.name, name): uncertainty(case.plane, case.predicted[name], partial(predict_part, models[name]))
        for case, name in (events.each(wanted, "mapping uncertainty") if wanted else [])
    }
    told = [
        f"a tile takes {name} {seconds[name]:.2g} s: "
        + (
            "the worst images have maps of uncertainty, which --no-uncertainty leaves out"
            if quick[name]
            else "no maps of uncertainty, which --uncertainty adds"
        )
        for name in models
        if asked is None
    ]
    return maps, told


def uncertainty(
    plane: EvaluatedPlane, prediction: np.ndarray, predict: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> Uncertainty:
    """Map the uncertainty of a prediction in the plane's middle.

    Parameters
    ----------
    plane : EvaluatedPlane
        LR image and truth.
    prediction : numpy.ndarray
        (sY, sX), finite, in the units of `plane.lr`.
    predict : callable
        The model: part of an LR image with its frames, and the whole, to (sY, sX) in 0..1; it normalises the part as it
        does the whole.
    """
    s = plane.hr.shape[0] // plane.lr.shape[0]
    small = middle(plane.lr.shape, LARGEST_PX)
    rows, columns = (slice(s * part.start, s * part.stop) for part in small)
    crop = plane.frames[..., *small]
    lr = mean_frame(crop)
    turned = disagreement(lambda part: predict(part, plane.frames), crop, plane.phases)
    return Uncertainty(
        lr,
        reblur(prediction[rows, columns], lr, scaling_of(plane.lr)),
        turned,
        rse_map(*affine(plane.hr, prediction))[rows, columns],
        in_spreads(plane.hr[rows, columns], turned),
    )
