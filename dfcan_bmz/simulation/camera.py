"""From an optical image to a digital one: an sCMOS camera, unless its numbers say otherwise."""

from typing import Annotated, NamedTuple

import numpy as np

# photon numbers are rounded to this share of a photon before chance enters, so that processors whose arithmetic differs
# in the last bit draw the same image
PHOTON_GRID = 2**-10


class Camera(NamedTuple):
    """A camera; the mean of n frames is a camera of an nth of the gain, and of n times the variance of read noise."""

    quantum_efficiency: Annotated[float, "electrons a photon"] = 0.82
    read_noise_e: Annotated[float, "electrons (sigma)"] = 1.6
    gain_counts: Annotated[float, "counts per electron"] = 2.2
    offset_counts: Annotated[float, "counts"] = 100.0  # without light
    # counts are multiples of it, from 0 to 65535; images that know fractions may be negative
    step_counts: Annotated[float, "counts, 0 for fractions"] = 1.0


SCMOS = Camera()


def expose(photons: np.ndarray, rng: np.random.Generator, camera: Camera = SCMOS) -> np.ndarray:
    """Expose a camera.

    Parameters
    ----------
    photons : numpy.ndarray
        (Y, X) or (frames, Y, X): mean number of photons that reach each pixel.
    rng : numpy.random.Generator
        Source of photon and read noise.
    camera : Camera
        Its gain and noise.

    Returns
    -------
    numpy.ndarray
        Counts of the same shape, uint16, or float32 where the camera knows fractions: Poisson electrons plus Gaussian
        read noise, times gain, plus offset.
    """
    photons = np.round(photons / PHOTON_GRID) * PHOTON_GRID
    electrons = rng.poisson(photons * camera.quantum_efficiency) + rng.normal(0, camera.read_noise_e, photons.shape)
    counts = electrons * camera.gain_counts + camera.offset_counts
    if not camera.step_counts:
        return counts.astype(np.float32)
    return np.clip(np.round(counts / camera.step_counts) * camera.step_counts, 0, 65535).astype(np.uint16)
