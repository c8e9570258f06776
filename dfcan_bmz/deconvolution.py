"""Deconvolution: what a fluorescence microscopist would do without a network."""

from typing import NamedTuple

import numpy as np

from dfcan_bmz.interpolation import bicubic

SIGMAS_PX = (0.8, 1.1, 1.4, 1.8)  # a widefield PSF sampled at Nyquist has about 0.9
ITERATIONS = (3, 10, 30)
BACKGROUND_PERCENTILE = 1.0


class Deconvolution(NamedTuple):
    """Settings: `sigma_px`, of a Gaussian point spread function in LR pixels, and `iterations`."""

    sigma_px: float
    iterations: int


CANDIDATES = tuple(Deconvolution(sigma, iterations) for sigma in SIGMAS_PX for iterations in ITERATIONS)


def deconvolve(lr: np.ndarray, scale: int, settings: Deconvolution) -> np.ndarray:
    """Enlarge bicubically, take the background away, and deconvolve (Richardson 1972, Lucy 1974).

    Parameters
    ----------
    lr : numpy.ndarray
        (Y, X); what lies under its background is clipped, since the method knows no negative light.
    scale : int
        Scale factor s.
    settings : Deconvolution
        Point spread function and number of iterations.

    Returns
    -------
    numpy.ndarray
        (sY, sX) float32, in the units of `lr`.
    """
    from skimage.restoration import richardson_lucy  # slow to import

    sigma = settings.sigma_px * scale
    radius = int(np.ceil(3 * sigma))
    profile = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    psf = np.outer(profile, profile) / profile.sum() ** 2
    enlarged = np.pad(bicubic(lr, scale).astype(np.float64), radius, mode="symmetric")
    background = np.percentile(lr, BACKGROUND_PERCENTILE)
    signal = np.maximum(enlarged - background, 0)
    peak = signal.max() or 1.0
    restored = richardson_lucy(signal / peak, psf, num_iter=settings.iterations, clip=False, filter_epsilon=1e-6)
    return (restored[radius:-radius, radius:-radius] * peak + background).astype(np.float32)
