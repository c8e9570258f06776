"""Spectra and resolution of images: radial power, Fourier ring correlation, decorrelation analysis.

Frequencies are in cycles per pixel: 0.5 is Nyquist. `period` turns one into pixels or nanometres.
"""

from typing import NamedTuple

import numpy as np
from scipy.fft import fftfreq, rfft2, rfftfreq
from scipy.ndimage import gaussian_filter1d

NYQUIST = 0.5
HALF_IMAGES, AGAINST_TRUTH = 1 / 7, 0.5  # thresholds of two noisy halves, and of an image against its reference
# decorrelation analysis, as its authors' program has it
FADED = 0.1  # share of each side that is faded out
HIGH_PASSES, RADII = 10, 50
SMALLEST_PEAK = 5e-4  # how far a peak stands out of what follows it, to count as one
WEAKEST = 0.05  # lowest correlation at a peak that is more than noise


def period(frequency: float, pixel_size_nm: float | None) -> float:
    """Nanometres (pixels where the pixel size is not known) of one period; infinite at frequency 0."""
    return (pixel_size_nm or 1.0) / frequency if frequency else np.inf


def radial_power(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean spectral power on rings.

    Parameters
    ----------
    image : numpy.ndarray
        (Y, X); its mean is taken away and a Hann window fades its borders.

    Returns
    -------
    frequency, power : numpy.ndarray
        (N // 2,) for a shorter side of N pixels: cycles per pixel, and power a pixel, in squared units of the image.
        White noise of variance v has power v at every frequency.
    """
    spectrum, window = _windowed_spectrum(image)
    rings, frequency = _rings(image.shape)
    return frequency, _on_rings(np.abs(spectrum) ** 2, rings, image.shape) / np.sum(window**2)


def ring_correlation(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fourier ring correlation of two images of one scene (Saxton and Baumeister 1982).

    Returns
    -------
    frequency, correlation : numpy.ndarray
        (N // 2,); the correlation is 1 where both agree, about 0 where they share nothing.
    """
    a, b = (_windowed_spectrum(image)[0] for image in (one, other))
    return _correlate(a, b, one.shape)


def split_correlation(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fourier ring correlation of one image, split into the two diagonals of its 2 x 2 blocks (after Koho et al. 2019).

    The halves lie a pixel apart, which their spectra are corrected for. They have half the sampling, so that nothing is
    known beyond half of Nyquist, and an image that holds signal there is aliased. They must have independent noise:
    never true of a network's output, or of any image that was interpolated or filtered.

    Returns
    -------
    frequency, correlation : numpy.ndarray
        Cycles per pixel of `image`, up to 0.25.
    """
    height, width = (size // 2 * 2 for size in image.shape)
    found = []
    for first, second, sign in (((0, 0), (1, 1), 1), ((0, 1), (1, 0), -1)):
        a, b = (_windowed_spectrum(image[y:height:2, x:width:2])[0] for y, x in (first, second))
        shape = (height // 2, width // 2)
        phase = fftfreq(shape[0])[:, None] + sign * rfftfreq(shape[1])[None, :]
        frequency, correlation = _correlate(a, b * np.exp(-1j * np.pi * phase), shape)
        found.append(correlation)
    return frequency / 2, np.mean(found, axis=0)


def crossing(frequency: np.ndarray, correlation: np.ndarray, threshold: float) -> float:
    """Frequency at which a curve first falls below `threshold`, interpolated; the last one if it never does.

    The curve is smoothed with a sigma of one ring, since rings of few samples scatter; the ring of frequency 0, from
    which the mean was taken, is left out.
    """
    frequency, smooth = frequency[1:], gaussian_filter1d(correlation[1:], 1.0, mode="nearest")
    below = np.flatnonzero(smooth < threshold)
    if not len(below):
        return float(frequency[-1])
    after = below[0]
    if after == 0:
        return 0.0
    share = (smooth[after - 1] - threshold) / (smooth[after - 1] - smooth[after])
    return float(frequency[after - 1] + share * (frequency[after] - frequency[after - 1]))


def decorrelation(image: np.ndarray) -> float:
    """Cut-off frequency of one image by decorrelation analysis (Descloux et al. 2019), without any parameter.

    An image is correlated with its own spectrum's phases inside a growing disc; the correlation peaks where signal
    ends and noise begins. High-pass filters of growing strength push the peak out; the outermost one is the answer.

    Parameters
    ----------
    image : numpy.ndarray
        (Y, X).

    Returns
    -------
    float
        Cycles per pixel; 0 where no peak is found (noise alone).
    """
    from scipy.signal.windows import tukey  # scipy.signal takes half a second, which `predict` has no use for

    height, width = (size - 1 + size % 2 for size in image.shape)  # odd, so that no frequency stands alone
    image = np.asarray(image[:height, :width], np.float64)
    image = (image - image.mean()) * np.outer(tukey(height, 2 * FADED), tukey(width, 2 * FADED))
    # magnitudes inside Nyquist, sorted by radius; rfft2 keeps one of each pair of conjugates but those of its column 0
    radius = np.hypot(fftfreq(height)[:, None], rfftfreq(width)[None, :]) / NYQUIST
    inside = radius < 1
    order = np.argsort(radius[inside], kind="stable")
    magnitude = np.abs(rfft2(image))[inside][order]
    weight = np.where(np.broadcast_to(rfftfreq(width) > 0, radius.shape), 2.0, 1.0)[inside][order]
    rings = _Rings(radius[inside][order], magnitude, weight)

    radii = np.linspace(0, 1, RADII)
    first = _peak(rings, None, radii)
    strengths = np.array(
        [max(image.shape) / 4, *np.geomspace(2 / first if first else max(image.shape) / 2, 0.15, HIGH_PASSES)]
    )
    places = np.array([_peak(rings, strength, radii) for strength in strengths])
    best = int(np.argmax(places))
    if max(first, places[best]) == 0:
        return 0.0
    # once more between the neighbours of the best filter, on a finer grid of radii
    finer_strengths = np.geomspace(strengths[max(best - 1, 0)], strengths[min(best + 1, HIGH_PASSES)], HIGH_PASSES)
    finer_radii = np.linspace(max(places[best] - 0.05, 0), min(places[best] + 0.4, 1), RADII)
    finer = [_peak(rings, strength, finer_radii) for strength in finer_strengths]
    return NYQUIST * float(max(first, *places, *finer))


class _Rings(NamedTuple):
    """Spectrum sorted by radius (1 is Nyquist), a sample each: its magnitude, and how many samples it stands for."""

    radius: np.ndarray
    magnitude: np.ndarray
    weight: np.ndarray


def _peak(rings: _Rings, strength: float | None, radii: np.ndarray) -> float:
    """Radius of the peak of the decorrelation after a Gaussian high pass; 0 where there is none."""
    magnitude = rings.magnitude
    if strength is not None:
        magnitude = magnitude * (1 - np.exp(-2 * (strength * rings.radius) ** 2))
    count = np.searchsorted(rings.radius, radii)
    agreement = np.concatenate([[0.0], np.cumsum(rings.weight * magnitude)])[count]
    samples = np.concatenate([[0.0], np.cumsum(rings.weight)])[count]
    energy = np.sum(rings.weight * magnitude**2)
    curve = agreement / np.sqrt(np.maximum(samples, 1) * energy) if energy else np.zeros(len(radii))
    # a maximum at the end is no peak, nor is one that hardly stands out: shorten the curve until there is another
    last = len(curve)
    while last > 1:
        place = int(np.argmax(curve[:last]))
        if place < last - 1 and curve[place] - curve[place:last].min() >= SMALLEST_PEAK:
            return float(radii[place]) if curve[place] >= WEAKEST else 0.0
        last = place if place < last - 1 else last - 1
    return 0.0


def _windowed_spectrum(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    image = np.asarray(image, np.float64)
    window = np.outer(*(np.hanning(size + 1)[:-1] for size in image.shape))  # periodic
    # the mean under the window, which would otherwise leak into the first rings
    return rfft2((image - np.sum(image * window) / np.sum(window)) * window), window


def _correlate(a: np.ndarray, b: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    rings, frequency = _rings(shape)
    shared = _on_rings((a * b.conj()).real, rings, shape)
    power = _on_rings(np.abs(a) ** 2, rings, shape) * _on_rings(np.abs(b) ** 2, rings, shape)
    return frequency, shared / np.sqrt(np.maximum(power, 1e-300))


def _rings(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Number of the ring of each sample of an ``rfft2``, and the frequency of each ring, as many as N // 2 has."""
    count = min(shape) // 2
    radius = np.hypot(fftfreq(shape[0])[:, None], rfftfreq(shape[1])[None, :])
    return np.round(radius / NYQUIST * count).astype(int), np.arange(count) / count * NYQUIST


def _on_rings(values: np.ndarray, rings: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Mean on each ring below Nyquist; samples that stand for a pair of conjugates count twice."""
    weight = np.where(np.broadcast_to(rfftfreq(shape[1]) > 0, rings.shape), 2.0, 1.0)
    count = min(shape) // 2
    total = np.bincount(rings.ravel(), (values * weight).ravel(), count + 1)[:count]
    return total / np.maximum(np.bincount(rings.ravel(), weight.ravel(), count + 1)[:count], 1)
