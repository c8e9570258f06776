"""How uncertain predictions of a test set are: maps of the worst images beside their real errors, and figures.

The figures are of images evenly through the set: the worst are no sample.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from dfcan_bmz.engines import Network
from dfcan_bmz.evaluation.coverage import Orientations, coverage
from dfcan_bmz.evaluation.measure import Case, EvaluatedPlane
from dfcan_bmz.evaluation.score import chief_protocol, protocols
from dfcan_bmz.evaluation.trust import Disagreement, Reblur, disagreement, reblur
from dfcan_bmz.fingerprint import middle
from dfcan_bmz.images import mean_frame
from dfcan_bmz.metrics import Protocol, affine, psnr, rse_map, ssim
from dfcan_bmz.model import Model
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.prediction.tiles import predict_part, taken

LARGEST_PX = 128  # side of what is mapped of an image, its middle, in LR pixels: it takes eight predictions
MOST = 24  # images that have figures
STRUCTURE = 0.9  # quantile of the target above which a pixel shows structure
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


class Middle(NamedTuple):
    """The middle of a plane: its rows and columns, in LR pixels."""

    plane: EvaluatedPlane
    rows: slice
    columns: slice

    @property
    def frames(self) -> np.ndarray:
        """(Y, X) or (frames, Y, X): LR pixels."""
        return self.plane.frames[..., self.rows, self.columns]

    def of_hr(self, pixels: np.ndarray) -> np.ndarray:
        """The middle of an image of the plane's HR size."""
        s = self.plane.hr.shape[0] // self.plane.lr.shape[0]
        rows, columns = (slice(s * one.start, s * one.stop) for one in self[1:])
        return pixels[rows, columns]


class Uncertainty(NamedTuple):
    """What can be said of the middle of a prediction without the HR image, and its real error.

    Attributes
    ----------
    lr : numpy.ndarray
        (Y, X), as large as `side_of` says.
    reblurred : Reblur
        Of the prediction, against `lr`.
    turned : Disagreement
        Of the predictions of the turned image, (sY, sX).
    error : numpy.ndarray
        (sY, sX): real error, after a fit of gain and offset.
    """

    lr: np.ndarray
    reblurred: Reblur
    turned: Disagreement
    error: np.ndarray


Uncertainties = dict[tuple[str, str], Uncertainty]  # by image and model


class Mapped(NamedTuple):
    """Maps of the worst images, and figures of images evenly through the set."""

    maps: Uncertainties
    rows: list[Orientations]


def wanted(seconds: Mapping[str, float], asked: bool | None) -> tuple[list[str], list[str]]:
    """Models whose uncertainty is mapped and, where nobody asked, a line on each that says what was decided and why.

    Parameters
    ----------
    seconds : mapping of str to float
        What a tile takes each of them.
    asked : bool or None
        Whether maps are wanted; None: of models that take less than `QUICK_S` for a tile.
    """
    quick = {name: taken_s < QUICK_S if asked is None else asked for name, taken_s in seconds.items()}
    told = [
        f"a tile takes {name} {seconds[name]:.2g} s: "
        + (
            "its uncertainty is mapped, which --no-uncertainty leaves out"
            if quick[name]
            else "no maps of uncertainty, which --uncertainty adds"
        )
        for name in quick
        if asked is None
    ]
    return [name for name, is_quick in quick.items() if is_quick], told


def evenly(images: Iterable[str]) -> set[str]:
    """At most `MOST` of the images, from the first to the last."""
    images = list(images)
    return {images[index * len(images) // MOST] for index in range(MOST)}


def map_uncertainty(
    models: Mapping[str, Model],
    planes: Iterable[EvaluatedPlane],
    worst: Iterable[Case],
    counted: set[str],
    target: str,
) -> Mapped:
    """Predict the middle of images in every orientation.

    Parameters
    ----------
    models : mapping of str to Model
        By their names in tables.
    planes : iterable of EvaluatedPlane
        Those of the worst cases, and those that are counted.
    worst : iterable of Case
        Cases that have maps, unless their prediction holds NaN.
    counted : set of str
        Images that have figures, unless their middle is empty or their prediction holds NaN.
    target : {"own", "input"}
        Whether HR images have intensities of their own, which decides the protocol of the figures.
    """
    cases = {case.plane.name: case for case in worst}
    found = Mapped({}, [])
    for plane in planes:
        protocol = protocols(target, plane.hr)[chief_protocol(target)]
        for name, model in models.items():
            part = Middle(plane, *middle(plane.lr.shape, side_of(model)))
            turned = in_orientations(part, partial(predict_part, model))
            empty = scaling_of(part.of_hr(plane.hr)).flaw
            if plane.name in counted and not empty and np.isfinite(turned.mean).all():
                found.rows.append(_row(part, name, model, turned, protocol))
            prediction = cases[plane.name].predicted[name] if plane.name in cases else np.array(np.nan)
            if np.isfinite(prediction).all():
                found.maps[plane.name, name] = uncertainty(part, prediction, turned)
    return found


def side_of(model: Model) -> int:
    """Side of what is mapped, in LR pixels: whole tiles without their halos, so that no tile is run for its edge."""
    step = model.tile - 2 * model.halo
    return max(1, LARGEST_PX // step) * step


def in_orientations(part: Middle, predict: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Disagreement:
    """Predict the middle of a plane in every orientation.

    Parameters
    ----------
    part : Middle
        The middle.
    predict : callable
        The model: part of an LR image with its frames, and the whole, to (sY, sX) in 0..1; it normalises the part as it
        does the whole.
    """
    plane = part.plane
    return disagreement(lambda turned: predict(turned, plane.frames), part.frames, plane.phases)


def uncertainty(part: Middle, prediction: np.ndarray, turned: Disagreement) -> Uncertainty:
    """Map the uncertainty of a prediction in the plane's middle.

    Parameters
    ----------
    part : Middle
        The middle.
    prediction : numpy.ndarray
        (sY, sX) of the whole plane, finite, in the units of its LR image.
    turned : Disagreement
        Of the middle.
    """
    plane, lr = part.plane, mean_frame(part.frames)
    return Uncertainty(
        lr,
        reblur(part.of_hr(prediction), lr, scaling_of(plane.lr)),
        turned,
        part.of_hr(rse_map(*affine(plane.hr, prediction))),
    )


def pixels_of(truth: np.ndarray, fitted: np.ndarray, turned: Disagreement) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Error and spread of each pixel, and whether the target shows structure there; (sY, sX) all.

    Parameters
    ----------
    truth, fitted : numpy.ndarray
        (sY, sX): target and mean prediction, as a protocol returns them.
    turned : Disagreement
        What was predicted; the spread is brought to the units of `fitted`.
    """
    spreads = turned.spread * fitted.std() / (turned.mean.std() or 1.0)
    level = np.quantile(truth, STRUCTURE)
    structure = truth > level if truth.max() > level else truth == level  # more than a tenth is saturated
    return np.abs(truth - fitted), spreads, structure


def _row(part: Middle, name: str, model: Model, turned: Disagreement, protocol: Protocol) -> Orientations:
    hr, scaling = part.of_hr(part.plane.hr), scaling_of(taken(model, part.plane.frames))
    one, mean = (protocol(hr, scaling.undo(image)) for image in (turned.upright, turned.mean))
    errors, spreads, structure = pixels_of(*mean, turned)
    return Orientations(
        part.plane.name,
        name,
        *coverage(errors, spreads),
        *coverage(errors[structure], spreads[structure]),
        *(figure for pair in (one, mean) for figure in (psnr(*pair), ssim(*pair, data_range=1.0))),
    )
