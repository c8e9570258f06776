"""LR images made from HR ones: Y = S B X + N (thesis, sections 2.3 and 5.4.3)."""

import numpy as np
from scipy.ndimage import gaussian_filter

from dfcan_bmz.images import intensity_range


def crop_to_multiple(hr: np.ndarray, scale: int) -> np.ndarray:
    """Drop the last rows and columns that do not fill an LR pixel; (..., Y, X)."""
    height, width = (size // scale * scale for size in hr.shape[-2:])
    return hr[..., :height, :width]


def degrade(hr: np.ndarray, scale: int, blur_px: float, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Blur, sample and disturb one plane.

    Parameters
    ----------
    hr : numpy.ndarray
        (Y, X), sides multiples of `scale`.
    scale : int
        Scale factor s; an LR pixel is the mean of s x s HR pixels.
    blur_px : float
        Standard deviation of the Gaussian blur B, in HR pixels.
    noise : float
        Standard deviation of the Gaussian noise N as a share of the image's intensity range.
    rng : numpy.random.Generator
        Source of the noise.

    Returns
    -------
    numpy.ndarray
        (Y / s, X / s) float32 in the units of `hr`, not clipped: clipping would bias the noise.
    """
    height, width = hr.shape
    blurred = gaussian_filter(hr.astype(np.float64), blur_px)
    sampled = blurred.reshape(height // scale, scale, width // scale, scale).mean(axis=(1, 3))
    return (sampled + rng.normal(0, noise * intensity_range(hr), sampled.shape)).astype(np.float32)
