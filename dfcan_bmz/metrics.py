"""How far a prediction is from the truth.

A metric never guesses the range of its data: a *protocol* brings truth and prediction to a common scale and says what
the range is there.
"""

from collections.abc import Callable

import numpy as np
from skimage.metrics import mean_squared_error, structural_similarity

from dfcan_bmz.normalize import scaling_of

Protocol = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]

# a Gaussian window of 11 x 11, sigma 1.5 (Wang et al. 2004): scikit-image's radius is int(truncate * sigma + 0.5) = 5
SSIM_WINDOW = {"gaussian_weights": True, "sigma": 1.5, "truncate": 10 / 3, "use_sample_covariance": False}


def min_max(truth: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scale each image by its own minimum and maximum to [0, 1] (the DFCAN authors' scripts); a constant one to 0."""
    return tuple((image - image.min()) / (np.ptp(image) or 1.0) for image in _as_float64(truth, prediction))


def affine(truth: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scale truth by its 0.1st and 99.9th percentile and fit the prediction to it by least squares.

    Gain and offset of the fit are those of CARE (Weigert et al. 2018) and ZeroCostDL4Mic.
    """
    truth, prediction = _as_float64(truth, prediction)
    low, high = scaling_of(truth)
    truth = (truth - low) / (high - low)
    centred = prediction - prediction.mean()
    variance = np.mean(centred**2)
    gain = np.mean(centred * (truth - truth.mean())) / variance if variance else 0.0
    return truth, gain * centred + truth.mean()


def raw(peak: float) -> Protocol:
    """Leave both images on their shared intensity scale, in units of `peak`."""

    def in_units_of_peak(truth: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        truth, prediction = _as_float64(truth, prediction)
        return truth / peak, prediction / peak

    return in_units_of_peak


def score(truth: np.ndarray, prediction: np.ndarray, protocol: Protocol) -> dict[str, float]:
    """All metrics of one prediction under one protocol.

    Parameters
    ----------
    truth, prediction : numpy.ndarray
        (Y, X), same shape, not constant.
    protocol : callable
        `min_max`, `affine` or what `raw` returns; its scale has a data range of 1.

    Returns
    -------
    dict of str to float
        ``mse``, ``nrmse`` (root of the MSE over the span of the truth), ``psnr`` (dB), ``ssim`` (Wang et al. 2004:
        Gaussian window 11 x 11, sigma 1.5) and ``ssim_7x7`` (uniform window 7 x 7, scikit-image's default).
    """
    truth, prediction = protocol(truth, prediction)
    mse = float(mean_squared_error(truth, prediction))
    return {
        "mse": mse,
        "nrmse": float(np.sqrt(mse) / np.ptp(truth)),
        "psnr": float(-10 * np.log10(max(mse, 1e-20))),
        "ssim": ssim(truth, prediction, data_range=1.0),
        "ssim_7x7": float(structural_similarity(truth, prediction, data_range=1.0)),
    }


def ssim(truth: np.ndarray, prediction: np.ndarray, data_range: float) -> float:
    """Mean structural similarity with an 11 x 11 Gaussian window, sigma 1.5, k1 0.01, k2 0.03.

    The mean runs over the pixels whose window lies inside the image, as in ``tf.image.ssim``.
    """
    return float(structural_similarity(truth, prediction, data_range=data_range, **SSIM_WINDOW))


def _as_float64(*images: np.ndarray) -> list[np.ndarray]:
    return [np.asarray(image, np.float64) for image in images]
