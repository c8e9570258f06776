"""From an optical image to a digital one: an sCMOS camera."""

import numpy as np

QUANTUM_EFFICIENCY = 0.82
READ_NOISE_E = 1.6
GAIN_COUNTS_PER_E = 2.2
OFFSET_COUNTS = 100.0
# photon numbers are rounded to this share of a photon before chance enters, so that processors whose arithmetic differs
# in the last bit draw the same image
PHOTON_GRID = 2**-10


def expose(photons: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Expose a camera.

    Parameters
    ----------
    photons : numpy.ndarray
        (Y, X): mean number of photons that reach each pixel.
    rng : numpy.random.Generator
        Source of photon and read noise.

    Returns
    -------
    numpy.ndarray
        (Y, X) uint16 counts: Poisson electrons plus Gaussian read noise, times gain, plus offset.
    """
    photons = np.round(photons / PHOTON_GRID) * PHOTON_GRID
    electrons = rng.poisson(photons * QUANTUM_EFFICIENCY) + rng.normal(0, READ_NOISE_E, photons.shape)
    return np.clip(np.round(electrons * GAIN_COUNTS_PER_E + OFFSET_COUNTS), 0, 65535).astype(np.uint16)
