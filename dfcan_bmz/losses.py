"""Training losses on images in [0, 1], shaped (N, H, W, 1)."""

import numpy as np
from keras import ops

from dfcan_bmz.loss_words import CHARBONNIER_EPS

WINDOW = 11
SIGMA_PX = 1.5
C1, C2 = 0.01**2, 0.03**2
FOURIER_EPS = 1e-12  # inside the root of a power, whose gradient at 0 has no value


def ssim(truth, prediction):
    """Structural similarity of each image of a batch (Wang et al. 2004), data range 1.

    Parameters
    ----------
    truth, prediction : tensor
        (N, H, W, 1) float32; H and W at least 11.

    Returns
    -------
    tensor
        (N,).
    """
    # one separable Gaussian over all five maps: they travel as further images of the batch
    truth, prediction = ops.convert_to_tensor(truth), ops.convert_to_tensor(prediction)
    maps = ops.concatenate([truth, prediction, truth**2, prediction**2, truth * prediction], axis=0)
    weights = np.exp(-0.5 * ((np.arange(WINDOW) - WINDOW // 2) / SIGMA_PX) ** 2)
    weights = (weights / weights.sum()).astype("float32")
    maps = ops.conv(maps, weights.reshape(WINDOW, 1, 1, 1), padding="valid")
    maps = ops.conv(maps, weights.reshape(1, WINDOW, 1, 1), padding="valid")
    mean_t, mean_p, square_t, square_p, product = ops.split(maps, 5, axis=0)
    luminance = (2 * mean_t * mean_p + C1) / (mean_t**2 + mean_p**2 + C1)
    contrast_structure = (2 * (product - mean_t * mean_p) + C2) / (square_t - mean_t**2 + square_p - mean_p**2 + C2)
    return ops.mean(luminance * contrast_structure, axis=(1, 2, 3))


def mse(truth, prediction):
    """Mean squared error of each image; (N, H, W, 1) to (N,)."""
    return ops.mean(ops.square(ops.subtract(truth, prediction)), axis=(1, 2, 3))


def mae(truth, prediction):
    """Mean absolute error of each image; (N, H, W, 1) to (N,)."""
    # not `truth - prediction`: what Keras hands to a metric on torch may still be a NumPy array
    return ops.mean(ops.abs(ops.subtract(truth, prediction)), axis=(1, 2, 3))


def charbonnier(truth, prediction):
    """Mean of sqrt(d^2 + eps^2) over the differences d of each image; (N, H, W, 1) to (N,).

    An absolute error that is smooth where d is 0 (Charbonnier et al. 1994, doi 10.1109/ICIP.1994.413553), with the eps
    of LapSRN (Lai et al. 2017, doi 10.1109/CVPR.2017.618).
    """
    return ops.mean(ops.sqrt(ops.square(ops.subtract(truth, prediction)) + CHARBONNIER_EPS**2), axis=(1, 2, 3))


def fourier(truth, prediction):
    """MAE + mean magnitude of the Fourier coefficients of the difference of each image; (N, H, W, 1) to (N,).

    After Cho et al. 2021 (doi 10.1109/ICCV48922.2021.00460); the transform here is orthonormal, so that both parts
    weigh alike for images of any size.
    """
    difference = ops.squeeze(ops.subtract(truth, prediction), -1)
    real, imaginary = ops.fft2((difference, ops.zeros_like(difference)))
    pixels = ops.sum(ops.ones_like(difference[:1]))
    magnitude = ops.sqrt((ops.square(real) + ops.square(imaginary)) / pixels + FOURIER_EPS)
    return mae(truth, prediction) + ops.mean(magnitude, axis=(1, 2))


def dfcan(truth, prediction, ssim_weight=0.1):
    """MSE + w (1 - SSIM) of each image, published with w = 0.1 (Qiao et al. 2021; thesis, equation 4.5).

    Parameters
    ----------
    truth, prediction : tensor
        (N, H, W, 1) float32; H and W at least 11.
    ssim_weight : float
        w: more of it favours structure, less of it the smallest squared error.

    Returns
    -------
    tensor
        (N,).
    """
    return mse(truth, prediction) + ssim_weight * (1 - ssim(truth, prediction))


def dfcan_published(truth, prediction, ssim_weight=0.1):
    """The loss as DFCAN's authors wrote it: `dfcan` of truth and prediction, each scaled to its extremes in the batch.

    Gain and offset of the prediction do not count, so that a linear output may take any; and a flat one is 0 / 0: its
    loss is NaN, from which a training goes back once, at half the rate. Parameters and result are those of `dfcan`.
    """
    return dfcan(_to_extremes(truth), _to_extremes(prediction), ssim_weight)


def _to_extremes(batch):
    low, high = ops.min(batch), ops.max(batch)
    return ops.subtract(batch, low) / ops.subtract(high, low)


def psnr(truth, prediction):
    """Peak signal-to-noise ratio of each image in dB for a peak of 1; (N, H, W, 1) to (N,)."""
    return -10 / np.log(10) * ops.log(ops.maximum(mse(truth, prediction), 1e-10))


LOSSES = {
    "dfcan": lambda config: lambda truth, prediction: dfcan(truth, prediction, config.ssim_weight),
    "dfcan-published": lambda config: lambda truth, prediction: dfcan_published(truth, prediction, config.ssim_weight),
    "mae": lambda config: mae,
    "mse": lambda config: mse,
    "charbonnier": lambda config: charbonnier,
    "fourier": lambda config: fourier,
}
