"""Fields of view: one specimen, its widefield images at several light levels, and its target of s times the bandwidth.

The defaults are the microscope of BioSR's F-actin set: 62.6 nm pixels, NA 1.41, emission around 525 nm.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

from dfcan_bmz.simulate import camera, optics
from dfcan_bmz.simulate.structures import STRUCTURES

LR_PIXEL_NM = 62.6
NA = 1.41
EMISSION_NM = 525.0
CUTOFF_PER_UM = 2 * NA / EMISSION_NM * 1e3
BRIGHTEST_PHOTONS, DIMMEST_PHOTONS = 600.0, 15.0  # at the 99.9th percentile, as BioSR's levels
HAZE_SIGMA_UM = 0.6  # blur of what lies about a micrometre out of focus
BACKGROUND = 0.05  # of the signal's 99.9th percentile
OVERSAMPLING = 2  # fine pixels an HR pixel
MARGIN_PX = 16  # LR pixels simulated and cut away, so that nothing wraps around
HR_COUNTS = 40000.0  # the target's 99.9th percentile: it is given in units of its own


def level_photons(levels: int) -> list[float]:
    """Photons at the 99.9th percentile by level, dimmest first; a single level is the brightest."""
    return np.geomspace(BRIGHTEST_PHOTONS, DIMMEST_PHOTONS, levels)[::-1].tolist()


def simulate_field(
    structure: str, size: int, scale: int, levels: int, haze: float, rng: np.random.Generator
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Simulate one field of view.

    Parameters
    ----------
    structure : str
        What is labelled: a key of `STRUCTURES`.
    size : int
        Side of the LR images in pixels.
    scale : int
        Scale factor s: the target has s times the pixels a side and s times the bandwidth of the widefield images
        (2 for linear, 3 for nonlinear structured illumination).
    levels : int
        Number of light levels.
    haze : float
        Out-of-focus light, as a multiple of the light in focus: another layer of the specimen, seen through a Gaussian
        of `HAZE_SIGMA_UM` in the widefield images, and not at all in the target, as structured illumination rejects it.
    rng : numpy.random.Generator
        Source of specimen and noise.

    Returns
    -------
    hr : numpy.ndarray
        (s size, s size) uint16 target without noise.
    lr : list of numpy.ndarray
        (size, size) uint16 camera counts by level, dimmest first; registered with `hr` by construction.
    """
    fine_pixels = (size + 2 * MARGIN_PX) * scale * OVERSAMPLING
    fine_um = LR_PIXEL_NM / 1e3 / (scale * OVERSAMPLING)
    points = STRUCTURES[structure](fine_pixels * fine_um, rng)
    fluorophores = optics.render(points, fine_pixels, fine_um)
    target = optics.image(fluorophores, fine_um, CUTOFF_PER_UM * scale)
    widefield = optics.image(fluorophores, fine_um, CUTOFF_PER_UM)
    if haze:
        layer = optics.render(STRUCTURES[structure](fine_pixels * fine_um, rng), fine_pixels, fine_um)
        blurred = gaussian_filter(layer, HAZE_SIGMA_UM / fine_um, mode="wrap")
        widefield += blurred * (haze * widefield.sum() / blurred.sum())
    hr = _crop(optics.bin_sum(target, OVERSAMPLING), MARGIN_PX * scale)
    hr = np.clip(np.round(hr / np.percentile(hr, 99.9) * HR_COUNTS), 0, 65535).astype(np.uint16)
    signal = _crop(optics.bin_sum(widefield, scale * OVERSAMPLING), MARGIN_PX)
    signal = signal / np.percentile(signal, 99.9) + BACKGROUND
    return hr, [camera.expose(signal * photons, rng) for photons in level_photons(levels)]


def _crop(image: np.ndarray, margin: int) -> np.ndarray:
    return image[margin:-margin, margin:-margin]
