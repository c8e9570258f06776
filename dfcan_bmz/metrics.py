"""How far a prediction is from the truth.

A metric never guesses the range of its data: a *protocol* brings truth and prediction to a common scale and says what
the range is there.
"""

import warnings
from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter

from dfcan_bmz.normalize import scaling_of

METRICS = ("psnr", "ssim", "ms_ssim", "ssim_7x7", "pearson", "nrmse", "rmse", "mse")
Protocol = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]

# a Gaussian window of 11 x 11, sigma 1.5 (Wang et al. 2004): scikit-image's radius is int(truncate * sigma + 0.5) = 5
SSIM_WINDOW = {"gaussian_weights": True, "sigma": 1.5, "truncate": 10 / 3, "use_sample_covariance": False}
SSIM_SIDE = 11
# importance of each scale, the finest first, as people judged it (Wang et al. 2003)
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
MOST_SCALES = len(SCALE_WEIGHTS)


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
    return truth, least_squares_fit(prediction, truth)


def least_squares_fit(image: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Bring an image nearest to `truth` by gain and offset; (Y, X) float64 each, a constant image to the mean."""
    centred = image - image.mean()
    variance = np.mean(centred**2)
    gain = np.mean(centred * (truth - truth.mean())) / variance if variance else 0.0
    return gain * centred + truth.mean()


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
        ``psnr`` (dB), ``ssim`` (Wang et al. 2004: Gaussian window 11 x 11, sigma 1.5), ``ms_ssim`` (five scales, fewer
        where the image has not 176 px a side, see `ms_ssim_scales`), ``ssim_7x7`` (uniform window 7 x 7, scikit-image's
        default), ``pearson``, ``nrmse`` (root of the MSE over the span of the truth), ``rmse`` and ``mse``; all NaN if
        the prediction is not finite.
    """
    from skimage.metrics import mean_squared_error, structural_similarity  # brings scipy.stats, slow to import

    if not np.isfinite(prediction).all():
        return dict.fromkeys(METRICS, np.nan)
    truth, prediction = protocol(truth, prediction)
    mse = float(mean_squared_error(truth, prediction))
    return {
        "psnr": psnr(truth, prediction),
        "ssim": ssim(truth, prediction, data_range=1.0),
        "ms_ssim": ms_ssim(truth, prediction, data_range=1.0, scales=ms_ssim_scales(truth.shape)),
        "ssim_7x7": float(structural_similarity(truth, prediction, data_range=1.0)),
        "pearson": pearson(truth, prediction),
        "nrmse": float(np.sqrt(mse) / np.ptp(truth)),
        "rmse": float(np.sqrt(mse)),
        "mse": mse,
    }


def psnr(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB for a peak of 1; 200 dB where both are equal."""
    return float(-10 * np.log10(max(np.mean((truth - prediction) ** 2), 1e-20)))


def ssim(truth: np.ndarray, prediction: np.ndarray, data_range: float) -> float:
    """Mean structural similarity with an 11 x 11 Gaussian window, sigma 1.5, k1 0.01, k2 0.03.

    The mean runs over the pixels whose window lies inside the image, as in ``tf.image.ssim``.
    """
    from skimage.metrics import structural_similarity  # slow to import

    return float(structural_similarity(truth, prediction, data_range=data_range, **SSIM_WINDOW))


def ssim_map(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Structural similarity around each pixel, (Y, X), for a data range of 1; `ssim` is its mean within a border."""
    from skimage.metrics import structural_similarity  # slow to import

    return structural_similarity(truth, prediction, data_range=1.0, full=True, **SSIM_WINDOW)[1]


def rse_map(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Root of the squared error of each pixel, ``abs(truth - prediction)``; (Y, X), 0 where they agree."""
    return np.abs(truth.astype(np.float64) - prediction)


def ms_ssim_scales(shape: tuple[int, int]) -> int:
    """How many of the five scales an image has whose coarsest still holds a window of 11 px; at least 1."""
    return next((n for n in range(MOST_SCALES, 0, -1) if min(shape) >= SSIM_SIDE * 2 ** (n - 1)), 1)


def ms_ssim(truth: np.ndarray, prediction: np.ndarray, data_range: float, scales: int = MOST_SCALES) -> float:
    """Multi-scale structural similarity (Wang et al. 2003), as ``tf.image.ssim_multiscale`` has it.

    Parameters
    ----------
    truth, prediction : numpy.ndarray
        (Y, X), same shape.
    data_range : float
        What their scale spans.
    scales : int
        Number of scales, the finest first, each half as fine as the one before.

    Returns
    -------
    float
        In [0, 1]. Where the image is too small for `scales`, those that it has are used, with their weights scaled to
        a sum of 1, and a warning is given: such values do not compare with those of larger images.
    """
    possible = ms_ssim_scales(truth.shape)
    if possible < scales:
        side = SSIM_SIDE * 2 ** (scales - 1)
        warnings.warn(f"MS-SSIM of {possible} scales: {scales} need {side} px per side", stacklevel=2)
    weights = np.array(SCALE_WEIGHTS[: min(scales, possible)])
    if len(weights) < MOST_SCALES:
        weights /= weights.sum()  # the five as published sum to 1.0001
    truth, prediction = _as_float64(truth, prediction)
    similarity = 1.0
    for scale, weight in enumerate(weights):
        if scale:
            truth, prediction = _half(truth), _half(prediction)
        luminance, contrast = _ssim_terms(truth, prediction, data_range)
        term = luminance * contrast if scale == len(weights) - 1 else contrast
        similarity *= max(float(np.mean(term)), 0.0) ** float(weight)
    return similarity


def pearson(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Correlation coefficient of Pearson over the pixels; 0 if one of the images is constant."""
    truth, prediction = (image - image.mean() for image in _as_float64(truth, prediction))
    scale = np.sqrt(np.sum(truth**2) * np.sum(prediction**2))
    return float(np.sum(truth * prediction) / scale) if scale else 0.0


def _ssim_terms(truth: np.ndarray, prediction: np.ndarray, data_range: float) -> tuple[np.ndarray, np.ndarray]:
    """Luminance and contrast-structure term of SSIM, where the window lies inside the image."""
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    inner = slice(SSIM_SIDE // 2, -(SSIM_SIDE // 2))

    def mean(image: np.ndarray) -> np.ndarray:
        return gaussian_filter(image, SSIM_WINDOW["sigma"], truncate=SSIM_WINDOW["truncate"])[inner, inner]

    mean_t, mean_p = mean(truth), mean(prediction)
    variances = mean(truth**2) - mean_t**2 + mean(prediction**2) - mean_p**2
    covariance = mean(truth * prediction) - mean_t * mean_p
    return (2 * mean_t * mean_p + c1) / (mean_t**2 + mean_p**2 + c1), (2 * covariance + c2) / (variances + c2)


def _half(image: np.ndarray) -> np.ndarray:
    """Mean of 2 x 2 pixels; an odd last row or column is doubled."""
    height, width = image.shape
    even = np.pad(image, ((0, height % 2), (0, width % 2)), mode="symmetric")
    return even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2).mean(axis=(1, 3))


def _as_float64(*images: np.ndarray) -> list[np.ndarray]:
    return [np.asarray(image, np.float64) for image in images]
