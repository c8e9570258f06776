"""What a model has seen, and whether an image lies outside of it.

A training stores a few numbers of each of its LR planes: signal-to-noise, brightness, spectrum, shape. A new plane is
compared with the nearest of them, on a scale set by how far the training's fields of view lie from one another.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from scipy.ndimage import convolve, gaussian_filter

from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.resolution import NYQUIST, radial_power

QUANTILES = np.arange(0.05, 1, 0.1)  # of the normalised plane
BANDS = 12  # of equal width from 0 to Nyquist
SHAPE_SIGMAS_PX = (1.0, 2.0)
SMALLEST_PX = 2 * BANDS
LARGEST_PX = 1024  # side of what is looked at of a plane: its middle
MOST_PLANES = 200  # planes that a training should look at
KEPT = 24  # planes whose numbers are stored: those that differ most
TOLERANCE = 1.6  # how many times the widest gap among the training's own fields a new plane may be away
PIXEL_SIZE_TOLERANCE = 0.1
# a gap is never taken for smaller: decades of signal-to-noise, shares of the range, decades of power, coherence
SMALLEST_GAPS = {"signal-to-noise": 0.1, "brightness": 0.01, "spectrum": 0.05, "shape": 0.02}
WORDS = {
    "brightness": "share of bright and dark pixels (histogram)",
    "spectrum": "mix of coarse and fine detail (spectrum)",
    "shape": "kind of detail (lines, spots, areas)",
}
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


def middle(shape: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of the middle of a plane, at most `LARGEST_PX` of each."""
    rows, columns = (slice(max(0, size - LARGEST_PX) // 2, min(size, (size + LARGEST_PX) // 2)) for size in shape)
    return rows, columns


def fingerprint(plane: np.ndarray) -> Fingerprint | None:
    """Fingerprint of the middle of an LR plane (Y, X); None under `SMALLEST_PX` a side, or if the middle is flat."""
    if min(plane.shape) < SMALLEST_PX:
        return None
    plane = plane[middle(plane.shape)]
    scaling = scaling_of(plane)
    if scaling.low == scaling.high:
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


def describe_domain(planes: Iterable[tuple[str, np.ndarray]], pixel_sizes_nm: Iterable[float | None]) -> dict[str, Any]:
    """Describe what a training sees, for ``provenance.json`` and for a bundle.

    Parameters
    ----------
    planes : iterable of (str, numpy.ndarray)
        Field of view and LR plane, needed one at a time, `MOST_PLANES` of them are plenty; those without a
        `fingerprint` are passed over.
    pixel_sizes_nm : iterable of float or None
        Pixel sizes of the LR images; None where a file does not say.

    Returns
    -------
    dict
        ``pixel_sizes_nm``, ``gaps`` (the largest distance of a plane to the nearest stored one of another field, by
        kind) and ``fingerprints`` (a line of numbers each, at most `KEPT`).
    """
    fields: list[str] = []
    prints: list[Fingerprint] = []
    for field, plane in planes:
        if found := fingerprint(plane):
            fields.append(field)
            prints.append(found)
    kept = _most_different(prints)
    gaps = dict(SMALLEST_GAPS)
    for field, one in zip(fields, prints, strict=True):
        others = [prints[index] for index in kept if fields[index] != field]
        if others:
            nearest = _nearest(one, others)
            gaps = {kind: max(gap, nearest[kind]) for kind, gap in gaps.items()}
    return {
        "pixel_sizes_nm": sorted({round(size, 2) for size in pixel_sizes_nm if size}),
        "gaps": {kind: round(gap, 4) for kind, gap in gaps.items()},
        "fingerprints": [_to_text(prints[index]) for index in kept],
    }


def outside_domain(plane: np.ndarray, pixel_size_nm: float | None, domain: dict[str, Any] | None) -> list[str]:
    """Why a plane lies outside of what a model has seen.

    Parameters
    ----------
    plane : numpy.ndarray
        LR plane (Y, X), not constant.
    pixel_size_nm : float or None
        Side of its pixels; None where the file does not say.
    domain : dict or None
        What `describe_domain` returned for the model's training; None where it is not known.

    Returns
    -------
    list of str
        A clause for each reason; empty if there is none, or nothing is known.
    """
    if not domain:
        return []
    reasons = []
    sizes = domain["pixel_sizes_nm"]
    if pixel_size_nm and sizes and not any(abs(pixel_size_nm / size - 1) <= PIXEL_SIZE_TOLERANCE for size in sizes):
        seen = f"{sizes[0]:g}" if len(sizes) == 1 else f"{sizes[0]:g} to {sizes[-1]:g}"
        reasons.append(f"its pixels are {pixel_size_nm:.4g} nm, the model was trained on {seen} nm")
    seen = [_from_text(text) for text in domain["fingerprints"]]
    own = fingerprint(plane)
    if not seen or own is None:
        return reasons
    for kind, distance in _nearest(own, seen).items():
        ratio = distance / domain["gaps"][kind]
        if ratio > TOLERANCE:
            reasons.append(_reason(kind, own, seen, ratio))
    return reasons


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


def _reason(kind: str, own: Fingerprint, seen: list[Fingerprint], ratio: float) -> str:
    if kind == "signal-to-noise":
        low, high = 10 ** min(one.snr for one in seen), 10 ** max(one.snr for one in seen)
        return f"its signal-to-noise ratio is {10**own.snr:.3g}, the model was trained on {low:.3g} to {high:.3g}"
    return f"its {WORDS[kind]} lies {ratio:.1f} times as far from all training images as those from one another"


def _nearest(one: Fingerprint, others: list[Fingerprint]) -> dict[str, float]:
    """Distance to the nearest of others, by kind."""
    snr, brightness, spectrum, shape = (np.array(values) for values in zip(*others, strict=True))
    return {
        "signal-to-noise": float(np.abs(snr - one.snr).min()),
        "brightness": float(np.abs(brightness - one.brightness).mean(axis=1).min()),
        "spectrum": float(np.sqrt(np.mean((spectrum - one.spectrum) ** 2, axis=1)).min()),
        "shape": float(np.abs(shape - one.shape).mean(axis=1).min()),
    }


def _most_different(prints: list[Fingerprint]) -> list[int]:
    """Choose at most `KEPT`: the first, then always the one that is farthest from those chosen."""
    if len(prints) <= KEPT:
        return list(range(len(prints)))
    points = np.array([np.concatenate([[one.snr], 10 * one.brightness, one.spectrum, 5 * one.shape]) for one in prints])
    chosen, distance = [0], np.linalg.norm(points - points[0], axis=1)
    while len(chosen) < KEPT:
        chosen.append(int(np.argmax(distance)))
        distance = np.minimum(distance, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return sorted(chosen)


def _to_text(one: Fingerprint) -> str:
    return " ".join(f"{value:.4g}" for value in (one.snr, *one.brightness, *one.spectrum, *one.shape))


def _from_text(text: str) -> Fingerprint:
    values = np.array(text.split(), float)
    snr, *parts = np.split(values, np.cumsum([1, len(QUANTILES), BANDS]))
    return Fingerprint(float(snr[0]), *parts)
