"""Fields of view: one specimen, its widefield images at several light levels, and its target of larger bandwidth."""

from typing import Literal, NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.simulate import camera, optics
from dfcan_bmz.simulate.structures import STRUCTURES

HAZE_SIGMA_UM = 0.6  # blur of what lies about a micrometre out of focus
HAZE_SHAPE = 3.0  # of the gamma distribution by which the haze differs between fields, as cells differ in thickness
BACKGROUND = 0.05  # of the signal's 99.9th percentile
OVERSAMPLING = 2  # fine pixels an HR pixel
MARGIN_PX = 16  # LR pixels simulated and cut away, so that nothing wraps around
HR_COUNTS = 40000.0  # the target's 99.9th percentile: it is given in units of its own


class Microscope(NamedTuple):
    """Optics, light and labelling; the defaults are those of BioSR's F-actin set.

    Attributes
    ----------
    pixel_nm : float
        Side of an LR pixel in the specimen, in nanometres.
    na : float
        Numerical aperture.
    emission_nm : float
        Wavelength of the emission in nanometres.
    bandwidth : float or None
        Cut-off of the target as a multiple of the widefield cut-off; None for the scale factor (2 for linear, 3 for
        nonlinear structured illumination).
    target : {"otf", "wiener"}
        Transfer function of the target: an OTF of the larger cut-off, or the flat one of a reconstruction.
    dimmest, brightest : float
        Photons at the 99.9th percentile at the first and the last light level; BioSR has 15 to 600.
    labelling : float
        Share of the binding sites that carry a fluorophore, 0 to 1: sparse labels break filaments into dots.
    """

    pixel_nm: float = 62.6
    na: float = 1.41
    emission_nm: float = 525.0
    bandwidth: float | None = None
    target: Literal["otf", "wiener"] = "otf"
    dimmest: float = 15.0
    brightest: float = 600.0
    labelling: float = 1.0

    @property
    def cutoff_per_um(self) -> float:
        """Widefield cut-off 2 NA / wavelength, in 1 / micrometre."""
        return 2 * self.na / self.emission_nm * 1e3


BIOSR = Microscope()


def level_photons(levels: int, microscope: Microscope = BIOSR) -> list[float]:
    """Photons at the 99.9th percentile by level, dimmest first; a single level is the brightest."""
    return np.geomspace(microscope.brightest, microscope.dimmest, levels)[::-1].tolist()


def simulate_field(
    structure: str,
    size: int,
    scale: int,
    levels: int,
    haze: float,
    rng: np.random.Generator,
    microscope: Microscope = BIOSR,
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Simulate one field of view.

    Parameters
    ----------
    structure : str
        What is labelled: a key of `STRUCTURES`.
    size : int
        Side of the LR images in pixels.
    scale : int
        Scale factor s: the target has s times the pixels a side.
    levels : int
        Number of light levels.
    haze : float
        Out-of-focus light on average, as a multiple of the light in focus: another layer of the specimen, seen through
        a Gaussian of `HAZE_SIGMA_UM` in the widefield images, and not at all in the target, as structured illumination
        rejects it.
    rng : numpy.random.Generator
        Source of specimen and noise.
    microscope : Microscope
        Pixels, optics and light.

    Returns
    -------
    hr : numpy.ndarray
        (s size, s size) uint16 target without noise.
    lr : list of numpy.ndarray
        (size, size) uint16 camera counts by level, dimmest first; registered with `hr` by construction.

    Raises
    ------
    DfcanError
        If the field is so small, or so sparsely labelled, that nothing shines in it.
    """
    fine_pixels = (size + 2 * MARGIN_PX) * scale * OVERSAMPLING
    fine_um = microscope.pixel_nm / 1e3 / (scale * OVERSAMPLING)
    points = STRUCTURES[structure](fine_pixels * fine_um, rng)
    if microscope.labelling < 1:
        points = points[rng.random(len(points)) < microscope.labelling]
    fluorophores = optics.render(points, fine_pixels, fine_um)
    if not fluorophores.any():
        raise DfcanError(f"no fluorophore is left in a field of {size} px: raise --labelling or --size")
    cutoff = microscope.cutoff_per_um
    target_cutoff = cutoff * (microscope.bandwidth or scale)
    target = optics.image(fluorophores, fine_um, target_cutoff, optics.TRANSFERS[microscope.target])
    widefield = np.maximum(optics.image(fluorophores, fine_um, cutoff), 0)
    if haze:
        layer = optics.render(STRUCTURES[structure](fine_pixels * fine_um, rng), fine_pixels, fine_um)
        blurred = gaussian_filter(layer, HAZE_SIGMA_UM / fine_um, mode="wrap")
        share = haze * rng.gamma(HAZE_SHAPE, 1 / HAZE_SHAPE)
        widefield += blurred * (share * widefield.sum() / blurred.sum())
    hr = _crop(optics.bin_sum(target, OVERSAMPLING), MARGIN_PX * scale)
    hr = hr - min(0, np.percentile(hr, 0.1))  # counts have no sign: dark rims become the darkest grey
    hr = np.clip(np.round(hr / np.percentile(hr, 99.9) * HR_COUNTS), 0, 65535).astype(np.uint16)
    signal = _crop(optics.bin_sum(widefield, scale * OVERSAMPLING), MARGIN_PX)
    signal = signal / np.percentile(signal, 99.9) + BACKGROUND
    return hr, [camera.expose(signal * photons, rng) for photons in level_photons(levels, microscope)]


def _crop(image: np.ndarray, margin: int) -> np.ndarray:
    return image[margin:-margin, margin:-margin]
