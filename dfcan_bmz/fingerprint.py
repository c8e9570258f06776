"""A few numbers that tell what kind of image a plane is: signal-to-noise, brightness, spectrum, shape."""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import convolve, gaussian_filter

from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.resolution import NYQUIST, radial_power

QUANTILES = np.arange(0.05, 1, 0.1)  # of the normalised plane
BANDS = 12  # of equal width from 0 to Nyquist
SHAPE_SIGMAS_PX = (1.0, 2.0)
SMALLEST_PX = 2 * BANDS
LARGEST_PX = 1024  # side of what is looked at of a plane: its middle
# a gap is never taken for smaller: decades of signal-to-noise, shares of the range, decades of power, coherence
SMALLEST_GAPS = {"signal-to-noise": 0.1, "brightness": 0.01, "spectrum": 0.05, "shape": 0.02}
LAPLACIAN_OF_LAPLACIAN = np.outer([1, -2, 1], [1, -2, 1])


class Fingerprint(NamedTuple):
    """Numbers of one LR plane.

    Attributes
    ----------
    snr : float
        Decadic logarithm of `signal_to_noise`.
    brightness : numpy.ndarray
        (10,): quantiles of the normalised plane.
    spectrum : numpy.ndarray
        (12,): decadic logarithm of the normalised plane's power, by band.
    shape : numpy.ndarray
        (4,): what `_shape` returns.
    """

    snr: float
    brightness: np.ndarray
    spectrum: np.ndarray
    shape: np.ndarray


def signal_to_noise(plane: np.ndarray) -> float:
    """Span of the signal over the standard deviation of the noise, from 0.1 (noise alone) to 1e4.

    The span is that of the percentiles 0.1 to 99.9, less the 6.18 standard deviations that noise alone would span.

    The noise is what a difference of second derivatives leaves of an image (Immerkaer 1996), without its largest tenth,
    where there are edges. In a fluorescence image it is mostly that of the background.
    """
    differences = np.sort(np.abs(convolve(np.asarray(plane, np.float64), LAPLACIAN_OF_LAPLACIAN)), axis=None)
    # 6 is the root of the sum of the squared kernel, 0.6573 the mean of the lower nine tenths of |x| for a normal x
    noise = differences[: int(0.9 * differences.size)].mean() / 0.6573 / 6
    low, high = scaling_of(plane)
    return float(np.clip((high - low) / max(noise, (high - low) / 1e5) - 6.18, 0.1, 1e4))


def middle(shape: tuple[int, ...], most: int = LARGEST_PX) -> tuple[slice, slice]:
    """Rows and columns of the middle of a plane, at most `most` of each."""
    rows, columns = (slice(max(0, size - most) // 2, min(size, (size + most) // 2)) for size in shape)
    return rows, columns


def fingerprint(plane: np.ndarray) -> Fingerprint | None:
    """Fingerprint of the middle of an LR plane (Y, X); None under `SMALLEST_PX` a side, or if the middle is flat."""
    if min(plane.shape) < SMALLEST_PX:
        return None
    plane = plane[middle(plane.shape)]
    scaling = scaling_of(plane)
    if scaling.flaw:
        return None
    unit = scaling.apply(plane)
    frequency, power = radial_power(unit)
    band = np.minimum(frequency / NYQUIST * BANDS, BANDS - 1).astype(int)
    in_bands = np.bincount(band, power, BANDS) / np.bincount(band, minlength=BANDS)
    return Fingerprint(
        float(np.log10(signal_to_noise(plane))),
        np.quantile(np.clip(unit, 0, 1), QUANTILES),
        np.log10(np.maximum(in_bands, 1e-12)),
        _shape(unit),
    )


def nearest(one: Fingerprint, others: list[Fingerprint]) -> dict[str, float]:
    """Distance to the nearest of others, by kind."""
    snr, brightness, spectrum, shape = (np.array(values) for values in zip(*others, strict=True))
    return {
        "signal-to-noise": float(np.abs(snr - one.snr).min()),
        "brightness": float(np.abs(brightness - one.brightness).mean(axis=1).min()),
        "spectrum": float(np.sqrt(np.mean((spectrum - one.spectrum) ** 2, axis=1)).min()),
        "shape": float(np.abs(shape - one.shape).mean(axis=1).min()),
    }


def _shape(unit: np.ndarray) -> np.ndarray:
    """Lines, spots or areas? Two numbers at each of two scales.

    The coherence of the structure tensor, weighted by the strength of the gradient (1 for straight lines, low for spots
    and noise), and the root-mean-fourth over the root mean square of the Laplacian (large where detail is sparse).
    """
    numbers = []
    for sigma in SHAPE_SIGMAS_PX:
        slope_y, slope_x = (gaussian_filter(unit, sigma, order=order) for order in ((1, 0), (0, 1)))
        yy, xx, xy = (gaussian_filter(product, 2 * sigma) for product in (slope_y**2, slope_x**2, slope_y * slope_x))
        laplacian = gaussian_filter(unit, sigma, order=(2, 0)) + gaussian_filter(unit, sigma, order=(0, 2))
        numbers.append(np.hypot(yy - xx, 2 * xy).sum() / max((yy + xx).sum(), 1e-12))
        numbers.append(np.mean(laplacian**4) ** 0.25 / max(np.mean(laplacian**2) ** 0.5, 1e-6))
    return np.array(numbers)
