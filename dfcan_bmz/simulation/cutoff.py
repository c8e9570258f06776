"""The cut-off of a microscope, read off the spectra of its images."""

from collections.abc import Sequence

import numpy as np
from scipy.fft import dctn

from dfcan_bmz.simulation.noise import Estimate
from dfcan_bmz.simulation.optics import diffraction_limited

BINS = 64  # rings from zero to the corners of the spectrum
LOWEST = 0.04  # cycles a pixel: below, out-of-focus light and the borders of the image reign
CANDIDATES = np.geomspace(0.06, 0.7, 160)  # cut-offs that are tried, in cycles a pixel
SLOPES = np.arange(0, 4.6, 0.25)  # of the structure's own spectrum: 0 for points, 1 for lines, 3 for areas
ROUNDS = 4
INNER, OUTER = (0.5, 0.56), (0.62, 0.72)  # rings in the corners of the spectrum, in cycles a pixel
EVEN = 0.6  # smallest ratio of the power in the outer ring over the inner one, of white noise


def measure_cutoff(planes: Sequence[np.ndarray]) -> Estimate:
    """Measure the cut-off of the optical transfer function, in cycles a pixel.

    The power spectrum of each plane is taken for ``a f^-p OTF(f / cut-off)^2 + b``: a structure whose detail follows a
    power law, seen by a microscope, over the white floor of the noise. The cut-off is what all planes share. An
    aberrated microscope passes less than its aperture says; the cut-off that is found is that of the perfect
    microscope whose images look most alike.

    Parameters
    ----------
    planes : sequence of numpy.ndarray
        (Y, X) each, of one pixel size.

    Returns
    -------
    Estimate
        From 0.06 (all is blurred, or nothing stands out of the noise) to 0.7 (no cut-off below the sampling's).
    """
    misfits = [_misfits(plane) for plane in planes]
    total = np.sum([misfit for misfit, _ in misfits], axis=0)
    freedom = sum(bins for _, bins in misfits) - 3 * len(planes) - 1
    best = int(np.argmin(total))
    # of one standard error, where the misfit has grown by what it is a degree of freedom
    likely = np.exp(-(total - total[best]) / (2 * max(total[best] / max(freedom, 1), 1)))
    likely /= likely.sum()
    value = float(likely @ CANDIDATES)
    return Estimate(value, float(np.sqrt(likely @ (CANDIDATES - value) ** 2)))


def ring_power(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frequency in cycles a pixel, mean power and number of samples on rings to the corners of the spectrum.

    Of a cosine transform: an image does not wrap around, and its mirror image has no steps at the borders. White noise
    of variance v has power v.
    """
    power = dctn(np.asarray(plane, np.float64), norm="ortho") ** 2
    radius = np.hypot(*np.meshgrid(*(np.arange(size) / 2 / size for size in plane.shape), indexing="ij"))
    ring = np.minimum(radius / np.sqrt(0.5) * BINS, BINS - 1).astype(int)
    count = np.bincount(ring.ravel(), minlength=BINS)
    some = np.maximum(count, 1)
    frequency, mean = (np.bincount(ring.ravel(), what.ravel(), BINS) / some for what in (radius, power))
    return frequency, mean, count


def is_even(planes: Sequence[np.ndarray]) -> bool:
    """Whether the noise is alike at the finest scales, as a camera's; not if images were smoothed or enlarged."""
    ratios = []
    for plane in planes:
        frequency, power, count = ring_power(plane)
        rings = [(low <= frequency) & (frequency < high) for low, high in (INNER, OUTER)]
        inner, outer = (float(np.average(power[ring], weights=count[ring])) for ring in rings)
        ratios.append(outer / max(inner, 1e-300))
    return float(np.median(ratios)) > EVEN


def _misfits(plane: np.ndarray) -> tuple[np.ndarray, int]:
    """Sum of squared, standardised residuals at each candidate, and the number of rings."""
    frequency, power, count = ring_power(plane)
    used = (frequency > LOWEST) & (count > 0)
    frequency, power, count = frequency[used], power[used], count[used]
    found = np.full(len(CANDIDATES), np.inf)
    for index, cutoff in enumerate(CANDIDATES):
        passed = diffraction_limited(frequency / cutoff) ** 2 * np.exp(-((np.pi * frequency) ** 2) / 3)  # and the pixel
        for slope in SLOPES:
            found[index] = min(found[index], _misfit(passed * frequency**-slope, power, count))
    return found, len(power)


def _misfit(signal: np.ndarray, power: np.ndarray, count: np.ndarray) -> float:
    """Deviance of the best mix of a signal and a floor: means of n squared normal numbers are gamma-distributed."""
    from scipy.optimize import nnls  # slow to import, and needed where a cut-off is fitted alone

    expected = power
    for _ in range(ROUNDS):
        weight = np.sqrt(count / 2) / expected
        mix, _ = nnls(np.stack([signal, np.ones_like(signal)], axis=1) * weight[:, None], power * weight)
        expected = np.maximum(mix[0] * signal + mix[1], 1e-12 * power.max())
    return float(np.sum(count * (power / expected - 1 - np.log(power / expected))))
