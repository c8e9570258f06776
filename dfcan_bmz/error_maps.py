"""Where a prediction is wrong: the maps behind the figures of `metrics`, pixel by pixel."""

import numpy as np

from dfcan_bmz.metrics import SSIM_WINDOW


def ssim_map(truth: np.ndarray, prediction: np.ndarray, data_range: float) -> np.ndarray:
    """Structural similarity in the window around each pixel: 1 where the structures agree.

    Parameters
    ----------
    truth, prediction : numpy.ndarray
        (Y, X), same shape, on a common scale (see the protocols in `metrics`).
    data_range : float
        What that scale spans.

    Returns
    -------
    numpy.ndarray
        (Y, X), at most 1; its mean without the outer 5 pixels is `metrics.ssim`.
    """
    from skimage.metrics import structural_similarity  # slow to import

    _, similarity = structural_similarity(truth, prediction, data_range=data_range, full=True, **SSIM_WINDOW)
    return similarity


def rse_map(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Root of the squared error of each pixel, ``abs(truth - prediction)``; (Y, X), 0 where they agree."""
    return np.abs(truth.astype(np.float64) - prediction)
