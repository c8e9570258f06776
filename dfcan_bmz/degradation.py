"""LR images made from HR ones: Y = S B W X + N (thesis, section 2.3, figure 2.2, and section 5.4.3)."""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter, shift

from dfcan_bmz.images import intensity_range
from dfcan_bmz.normalize import held_by_float32, scaling_of


class Degradation(NamedTuple):
    """What happens to an HR image on its way to an LR image, in this order.

    Attributes
    ----------
    warp : float
        W: largest misregistration along each axis, in HR pixels; drawn evenly for each plane.
    blur : float
        B: standard deviation of a Gaussian, in HR pixels.
    psf : numpy.ndarray or None
        B: a measured point spread function in HR pixels, (Y, X) with odd sides, instead of the Gaussian.
    sampling : {"area", "point"}
        S: the mean of s x s pixels, or the pixel in the middle of them; where s is even, that is a corner of four
        pixels, whose mean is taken: any one of them would move the image by half a pixel.
    saturation : float
        Largest intensity as a share of the image's intensity range; 0 for none.
    photons : float
        N: Poisson noise, photons at the top of the range; 0 for none.
    local_noise : float
        N: Gaussian noise whose standard deviation is this share of each pixel's own intensity.
    noise : float
        N: Gaussian noise, standard deviation as a share of the intensity range.
    haze, haze_px : float
        Out-of-focus light over light in focus, and the standard deviation in HR pixels of the Gaussian that blurs it;
        the sum is brought back into the range.
    background : float
        Light that is everywhere, as a share of the intensity range.
    """

    warp: float = 0.0
    blur: float = 0.0
    psf: np.ndarray | None = None
    sampling: str = "area"
    saturation: float = 0.0
    photons: float = 0.0
    local_noise: float = 0.0
    noise: float = 0.0
    haze: float = 0.0
    haze_px: float = 12.0
    background: float = 0.0


PRESETS = {
    # the thesis's "crappified" electron micrographs
    "em": Degradation(blur=1.0, noise=0.05),
    # a point spread function of about three pixels, and few photons
    "fluorescence": Degradation(blur=1.5, photons=100.0, noise=0.01),
}


def crop_to_multiple(hr: np.ndarray, scale: int) -> np.ndarray:
    """Drop the last rows and columns that do not fill an LR pixel; (..., Y, X)."""
    height, width = (size // scale * scale for size in hr.shape[-2:])
    return hr[..., :height, :width]


def degrade(hr: np.ndarray, scale: int, settings: Degradation, rng: np.random.Generator) -> np.ndarray:
    """Warp, blur, sample and disturb one plane.

    Parameters
    ----------
    hr : numpy.ndarray
        (Y, X), sides multiples of `scale`.
    scale : int
        Scale factor s.
    settings : Degradation
        What to do.
    rng : numpy.random.Generator
        Source of misregistration and noise.

    Returns
    -------
    numpy.ndarray
        (Y / s, X / s) in the units of `hr`, not clipped but for `saturation`: clipping would bias the noise; float32,
        or float64 where float32 would lose the detail of `hr`.
    """
    # of no light: 0 in 8-bit images, which fill their range
    low, extent = 0.0 if hr.dtype == np.uint8 else float(np.percentile(hr, 0.1)), intensity_range(hr)
    image: np.ndarray = hr.astype(np.float64)
    if settings.warp:
        image = shift(image, rng.uniform(-settings.warp, settings.warp, 2), order=3, mode="mirror")
    image = _blur(image, settings)
    if settings.haze:
        image = (image + settings.haze * gaussian_filter(image, settings.haze_px)) / (1 + settings.haze)
    image = _sample(image, scale, settings.sampling) + settings.background * extent
    if settings.saturation:
        image = np.minimum(image, low + settings.saturation * extent)
    if settings.photons:
        per_photon = extent / settings.photons
        image = low + rng.poisson(np.maximum(image - low, 0) / per_photon) * per_photon
    if settings.local_noise:
        image = image + rng.normal(0, 1, image.shape) * settings.local_noise * np.maximum(image - low, 0)
    narrow = held_by_float32(hr.dtype, scaling_of(hr))
    image = image + rng.normal(0, settings.noise * extent, image.shape)
    return image.astype(np.float32 if narrow else np.float64)


def _blur(image: np.ndarray, settings: Degradation) -> np.ndarray:
    if settings.psf is None:
        return gaussian_filter(image, settings.blur)
    from scipy.signal import fftconvolve  # slow to import, and rarely needed

    margins = [(side // 2, side // 2) for side in settings.psf.shape]
    return fftconvolve(np.pad(image, margins, mode="symmetric"), settings.psf / settings.psf.sum(), mode="valid")


def _sample(image: np.ndarray, scale: int, sampling: str) -> np.ndarray:
    height, width = image.shape
    blocks = image.reshape(height // scale, scale, width // scale, scale)
    if sampling == "point":
        middle = slice((scale - 1) // 2, scale // 2 + 1)
        blocks = blocks[:, middle, :, middle]
    return blocks.mean(axis=(1, 3))
