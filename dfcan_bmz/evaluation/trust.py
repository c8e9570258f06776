"""Where not to trust a prediction, without a ground truth.

Two maps, each blind to what the other sees: a prediction that does not re-blur to the image that it was made from is
wrong for sure (what is missing or added in coarse detail shows), and one that changes when the image is turned over was
not determined by the image (invented fine detail shows, as long as the network invents it differently each time).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter

from dfcan_bmz.engines.ensemble import in_every_orientation
from dfcan_bmz.metrics import least_squares_fit, pearson
from dfcan_bmz.normalize import Scaling, scaling_of

WIDEST_PX = 4.0  # of the blur between prediction and image, in LR pixels
NOISE_WINDOW_PX = 1.0  # Gaussian that averages the noise of the residual away, in LR pixels
NEIGHBOURHOOD_PX = 4.0  # Gaussian window of the local correlation, in LR pixels


class Reblur(NamedTuple):
    """A prediction brought back to the resolution and intensities of its image (after SQUIRREL, Culley et al. 2018).

    Attributes
    ----------
    sigma_px : float
        Gaussian that fits best, in LR pixels.
    error : numpy.ndarray
        (Y, X): the size of the disagreement, in shares of the plane's percentile span; the noise is averaged over
        `NOISE_WINDOW_PX` before.
    correlation : numpy.ndarray
        (Y, X): Pearson's coefficient in the neighbourhood of each pixel.
    pearson, rmse : float
        Resolution-scaled Pearson coefficient and error of the whole image, noise included.
    """

    sigma_px: float
    error: np.ndarray
    correlation: np.ndarray
    pearson: float
    rmse: float


class Disagreement(NamedTuple):
    """Predictions of an image that was turned and flipped in all ways that it allows, and turned back.

    Attributes
    ----------
    mean : numpy.ndarray
        (sY, sX): their mean, a slightly better prediction than any of them.
    spread : numpy.ndarray
        (sY, sX): their standard deviation, in units of the prediction (0..1).
    upright : numpy.ndarray
        (sY, sX): that of the image as it is.
    """

    mean: np.ndarray
    spread: np.ndarray
    upright: np.ndarray


def reblur(prediction: np.ndarray, lr: np.ndarray, scaling: Scaling | None = None) -> Reblur:
    """Blur a prediction until it is as like its LR image as it can be.

    Parameters
    ----------
    prediction : numpy.ndarray
        (sY, sX), in any units.
    lr : numpy.ndarray
        (Y, X).
    scaling : Scaling, optional
        That of the plane of which `lr` is a part; left out, `lr` is a plane of its own.
    """
    from scipy.optimize import minimize_scalar  # slow to import

    height, width = lr.shape
    s = prediction.shape[0] // height
    lr, prediction = np.asarray(lr, np.float64), np.asarray(prediction, np.float64)

    def seen(sigma_px: float) -> np.ndarray:
        return gaussian_filter(prediction, sigma_px * s).reshape(height, s, width, s).mean(axis=(1, 3))

    best = minimize_scalar(
        lambda sigma_px: -pearson(lr, seen(sigma_px)), bounds=(0, WIDEST_PX), method="bounded", options={"xatol": 0.02}
    )
    fitted = least_squares_fit(seen(best.x), lr)
    low, high = scaling or scaling_of(lr)
    residual = (lr - fitted) / (high - low)
    return Reblur(
        sigma_px=float(best.x),
        error=np.abs(gaussian_filter(residual, NOISE_WINDOW_PX)),
        correlation=_local_correlation(lr, fitted),
        pearson=pearson(lr, fitted),
        rmse=float(np.sqrt(np.mean(residual**2))),
    )


def disagreement(predict: Callable[[np.ndarray], np.ndarray], lr: np.ndarray, phases: int = 1) -> Disagreement:
    """Predict an LR plane in its eight orientations, or in the two that keep the stripes of its frames.

    Parameters
    ----------
    predict : callable
        Maps a plane to one of s times its sides.
    lr : numpy.ndarray
        (Y, X) or (frames, Y, X).
    phases : int
        Frames of one orientation of the stripes; 1 where there are none.
    """
    predictions = list(in_every_orientation(predict, lr, phases))
    return Disagreement(np.mean(predictions, axis=0), np.std(predictions, axis=0), predictions[0])


def _local_correlation(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    def mean(image: np.ndarray) -> np.ndarray:
        return gaussian_filter(image, NEIGHBOURHOOD_PX)

    mean_one, mean_other = mean(one), mean(other)
    covariance = mean(one * other) - mean_one * mean_other
    variances = np.maximum(mean(one**2) - mean_one**2, 0) * np.maximum(mean(other**2) - mean_other**2, 0)
    return np.divide(covariance, np.sqrt(variances), out=np.zeros_like(covariance), where=variances > 0)
