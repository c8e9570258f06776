"""Scores of a model and of its rivals on pairs of images."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from dfcan_bmz import interpolation, metrics
from dfcan_bmz.images import intensity_range
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.prediction.tiles import Predictor, predict_plane

BICUBIC = "bicubic"
SMOOTHED = "smoothed bicubic"


class Score(NamedTuple):
    """One row of ``metrics.csv``."""

    image: str
    method: str
    protocol: str
    metric: str
    value: float


def protocols(target: str, hr: np.ndarray) -> dict[str, metrics.Protocol]:
    """Protocols that mean something for a model: "raw" only where input and target share their intensities."""
    offered = {"min-max": metrics.min_max, "affine": metrics.affine}
    return offered | {"raw": metrics.raw(intensity_range(hr))} if target == "input" else offered


def best_smoothing_px(planes: Iterable[tuple[np.ndarray, np.ndarray]], scale: int, target: str) -> float:
    """Sigma of the Gaussian before bicubic enlargement that has the best mean PSNR: the strongest simple rival.

    Parameters
    ----------
    planes : iterable of (numpy.ndarray, numpy.ndarray)
        LR and HR planes in their own units: validation images, never the test set if there is a choice.
    scale : int
        Scale factor s.
    target : {"own", "input"}
        Judged under "raw" for `input`, under "affine" for `own`.

    Returns
    -------
    float
        In LR pixels, one of `interpolation.SIGMAS_PX`.
    """
    psnr = np.zeros(len(interpolation.SIGMAS_PX))
    for lr, hr in planes:
        protocol = protocols(target, hr)["raw" if target == "input" else "affine"]
        for index, sigma in enumerate(interpolation.SIGMAS_PX):
            truth, enlarged = protocol(hr, interpolation.smoothed_bicubic(lr, scale, sigma))
            psnr[index] -= 10 * np.log10(np.mean((truth - enlarged) ** 2) + 1e-20)
    return interpolation.SIGMAS_PX[int(np.argmax(psnr))]


def predictions(predictor: Predictor, lr: np.ndarray, smoothing_px: float) -> dict[str, np.ndarray]:
    """Enlarge one LR plane by each method.

    Returns
    -------
    dict of str to numpy.ndarray
        (sY, sX) float32 by method, the model last, in the units of `lr`: the model's 0..1 is mapped to the LR
        percentiles, which is what it was trained on for `input`; for `own` the protocols ignore gain and offset.
    """
    return {
        BICUBIC: interpolation.bicubic(lr, predictor.scale),
        SMOOTHED: interpolation.smoothed_bicubic(lr, predictor.scale, smoothing_px),
        predictor.name: scaling_of(lr).undo(predict_plane(predictor, lr)),
    }


def score_image(name: str, hr: np.ndarray, predicted: dict[str, np.ndarray], target: str) -> list[Score]:
    """Score every method on one image under every protocol; `hr` and predictions are (sY, sX)."""
    return [
        Score(name, method, protocol_name, metric, value)
        for method, image in predicted.items()
        for protocol_name, protocol in protocols(target, hr).items()
        for metric, value in metrics.score(hr, image, protocol).items()
    ]


def model_psnr(scores: list[Score]) -> float:
    """The model's PSNR among the scores of one image, under the last protocol: "raw" if offered, else "affine"."""
    key = (scores[-1].method, scores[-1].protocol, "psnr")
    return next(score.value for score in scores if (score.method, score.protocol, score.metric) == key)


def mean_scores(scores: list[Score]) -> dict[tuple[str, str, str], float]:
    """Mean over the images by (protocol, method, metric), in order of appearance."""
    values: dict[tuple[str, str, str], list[float]] = {}
    for score in scores:
        values.setdefault((score.protocol, score.method, score.metric), []).append(score.value)
    return {key: float(np.mean(found)) for key, found in values.items()}
