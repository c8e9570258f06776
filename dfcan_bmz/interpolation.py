"""Enlargement without learning: the baselines that a network has to beat."""

import numpy as np
from PIL import Image as PillowImage
from scipy.ndimage import gaussian_filter

SIGMAS_PX = tuple(np.round(np.arange(0, 2.05, 0.1), 1).tolist())


def bicubic(image: np.ndarray, scale: int) -> np.ndarray:
    """Enlarge by cubic convolution (Keys 1981, a = -0.5), pixel areas aligned.

    Parameters
    ----------
    image : numpy.ndarray
        (Y, X).
    scale : int
        Scale factor s.

    Returns
    -------
    numpy.ndarray
        (sY, sX) float32.
    """
    height, width = image.shape
    source = PillowImage.fromarray(np.asarray(image, np.float32))
    return np.asarray(source.resize((width * scale, height * scale), PillowImage.Resampling.BICUBIC))


def smoothed_bicubic(image: np.ndarray, scale: int, sigma_px: float) -> np.ndarray:
    """Enlarge bicubically after a Gaussian of `sigma_px` LR pixels; (Y, X) to (sY, sX) float32."""
    return bicubic(gaussian_filter(np.asarray(image, np.float32), sigma_px), scale)
