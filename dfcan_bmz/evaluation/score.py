"""Scores of models and of their baselines on pairs of images."""

import csv
from collections.abc import Callable, Iterable, Sequence
from inspect import get_annotations
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from dfcan_bmz import interpolation, metrics, resolution
from dfcan_bmz.deconvolution import CANDIDATES, Deconvolution, deconvolve
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images import intensity_range, mean_frame
from dfcan_bmz.model import Model
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.prediction.tiles import predict_plane, taken

T = TypeVar("T")
BICUBIC = "bicubic"
SMOOTHED = "smoothed bicubic"
DECONVOLVED = "deconvolution"
BASELINES = (BICUBIC, SMOOTHED, DECONVOLVED)  # methods without learning, and so without a model's name
NO_PROTOCOL = "none"  # of metrics that gain and offset do not change
FRC, DECORRELATION = "frc_frequency", "decorrelation_frequency"


class Score(NamedTuple):
    """One row of ``metrics.csv``."""

    image: str
    method: str
    protocol: str
    metric: str
    value: float


class Baselines(NamedTuple):
    """Settings of the methods without learning: sigma of the smoothed bicubic in LR pixels, and the deconvolution."""

    smoothing_px: float
    deconvolution: Deconvolution | None


def read_rows(file: Path, kind: Callable[..., T]) -> list[T]:
    """Rows of a table that `dfcan-bmz evaluate` wrote, each as what its columns are the fields of.

    Raises
    ------
    DfcanError
        If there is none, or it is damaged.
    """
    if not file.is_file():
        raise DfcanError(f"{file} does not exist: give the --out of a `dfcan-bmz evaluate`")
    types = get_annotations(kind)
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            return [kind(*(of(row[name]) for name, of in types.items())) for row in csv.DictReader(lines)]
    except (KeyError, TypeError, ValueError) as error:
        raise DfcanError(
            f"{file} is not a table of `dfcan-bmz evaluate` ({error}): evaluate the model again"
        ) from error


def protocols(target: str, hr: np.ndarray) -> dict[str, metrics.Protocol]:
    """Protocols that mean something for a model: "raw" only where input and target share their intensities."""
    offered: dict[str, metrics.Protocol] = {"min-max": metrics.min_max, "affine": metrics.affine}
    return offered | {"raw": metrics.raw(intensity_range(hr))} if target == "input" else offered


def chief_protocol(target: str) -> str:
    """Protocol by which images are ranked and baselines tuned: "raw" where it is offered, else "affine"."""
    return "raw" if target == "input" else "affine"


def best_smoothing_px(planes: Iterable[tuple[np.ndarray, np.ndarray]], scale: int, target: str) -> float:
    """Sigma of the Gaussian before bicubic interpolation that has the best mean PSNR: the strongest simple baseline.

    Parameters
    ----------
    planes : iterable of (numpy.ndarray, numpy.ndarray)
        LR and HR planes in their own units: validation images, never the test set if there is a choice.
    scale : int
        Scale factor s.
    target : {"own", "input"}
        Evaluated under "raw" for `input`, under "affine" for `own`.

    Returns
    -------
    float
        In LR pixels, one of `interpolation.SIGMAS_PX`.
    """
    return _best(interpolation.SIGMAS_PX, planes, target, lambda lr, s: interpolation.smoothed_bicubic(lr, scale, s))


def best_deconvolution(planes: Iterable[tuple[np.ndarray, np.ndarray]], scale: int, target: str) -> Deconvolution:
    """Width of the point spread function and number of iterations that have the best mean PSNR; as above."""
    return _best(CANDIDATES, planes, target, lambda lr, candidate: deconvolve(lr, scale, candidate))


def _best(candidates: Sequence[T], planes: Iterable, target: str, enlarge: Callable[[np.ndarray, T], np.ndarray]) -> T:
    psnr = np.zeros(len(candidates))
    for lr, hr in planes:
        psnr += [_psnr(hr, enlarge(lr, candidate), target) for candidate in candidates]
    return candidates[int(np.argmax(psnr))]


def _psnr(hr: np.ndarray, image: np.ndarray, target: str) -> float:
    return metrics.psnr(*protocols(target, hr)[chief_protocol(target)](hr, image))


def predictions(models: dict[str, Model], frames: np.ndarray, baselines: Baselines) -> dict[str, np.ndarray]:
    """Enlarge one LR plane, (Y, X) or (frames, Y, X), by each method: those without learning take the mean frame.

    Returns
    -------
    dict of str to numpy.ndarray
        (sY, sX) float32 by method, the models last, in the units of `lr`: a model's 0..1 is mapped to the LR
        percentiles, which is what it was trained on for `input`; for `own` the protocols ignore gain and offset.
    """
    scale, lr = next(iter(models.values())).scale, mean_frame(frames)
    found = {
        BICUBIC: interpolation.bicubic(lr, scale),
        SMOOTHED: interpolation.smoothed_bicubic(lr, scale, baselines.smoothing_px),
    }
    if baselines.deconvolution:
        found[DECONVOLVED] = deconvolve(lr, scale, baselines.deconvolution)
    for name, model in models.items():
        given = taken(model, frames)
        found[name] = scaling_of(given).undo(predict_plane(model, given))
    return found


def score_image(name: str, hr: np.ndarray, predicted: dict[str, np.ndarray], target: str) -> list[Score]:
    """Score every method on one image under every protocol, and its resolution; `hr` and predictions are (sY, sX)."""
    scores = [
        Score(name, method, protocol_name, metric, value)
        for method, image in predicted.items()
        for protocol_name, protocol in protocols(target, hr).items()
        for metric, value in metrics.score(hr, image, protocol).items()
    ]
    for method, image in predicted.items():
        scores += [Score(name, method, NO_PROTOCOL, metric, value) for metric, value in _resolution(hr, image).items()]
    return scores


def _resolution(hr: np.ndarray, image: np.ndarray) -> dict[str, float]:
    """Up to which frequency, in cycles per HR pixel, an image agrees with the truth, and has detail at all."""
    if not np.isfinite(image).all():
        return {FRC: np.nan, DECORRELATION: np.nan}
    correlation = resolution.ring_correlation(hr, image)
    return {
        FRC: resolution.crossing(*correlation, resolution.AGAINST_TRUTH),
        DECORRELATION: resolution.decorrelation(image),
    }


def values_of(scores: list[Score], method: str, protocol: str, metric: str) -> dict[str, float]:
    """Value of one metric by image."""
    return {row.image: row.value for row in scores if row[1:4] == (method, protocol, metric)}
