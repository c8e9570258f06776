"""What a model has seen, and whether an image lies outside of it.

A training stores a few numbers of each of its LR planes: signal-to-noise, brightness, spectrum, shape. A new plane is
compared with the nearest of them, on a scale set by how far the training's fields of view lie from one another.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from dfcan_bmz.fingerprint import (
    BANDS,
    QUANTILES,
    SHAPE_SIGMAS_PX,
    SMALLEST_GAPS,
    Fingerprint,
    fingerprint,
    nearest,
)

MOST_PLANES = 200  # planes that a training should look at
KEPT = 24  # planes whose numbers are stored: those that differ most
TOLERANCE = 1.6  # how many times the widest gap among the training's own fields a new plane may be away
PIXEL_SIZE_TOLERANCE = 0.1
WORDS = {
    "brightness": "share of bright and dark pixels (histogram)",
    "spectrum": "mix of coarse and fine detail (spectrum)",
    "shape": "kind of detail (lines, spots, areas)",
}


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
    known = [(field, found) for field, plane in planes if (found := fingerprint(plane))]
    fields, prints = [field for field, _ in known], [found for _, found in known]
    kept = _most_different(prints)
    gaps = dict(SMALLEST_GAPS)
    for field, one in zip(fields, prints, strict=True):
        others = [prints[index] for index in kept if fields[index] != field]
        if others:
            distance = nearest(one, others)
            gaps = {kind: max(gap, distance[kind]) for kind, gap in gaps.items()}
    return {
        "pixel_sizes_nm": sorted({round(size, 2) for size in pixel_sizes_nm if size}),
        "gaps": {kind: round(gap, 4) for kind, gap in gaps.items()},
        "fingerprints": [as_text(prints[index]) for index in kept],
    }


def is_domain(told: dict[str, Any]) -> bool:
    """Whether a record, which a stranger may have written, is as `describe_domain` returns it."""
    numbers = 1 + len(QUANTILES) + BANDS + 2 * len(SHAPE_SIGMAS_PX)
    try:
        lengths = {len([float(value) for value in text.split()]) for text in told["fingerprints"]}
        sizes = [*told["pixel_sizes_nm"], *(told["gaps"][kind] for kind in SMALLEST_GAPS)]
        return lengths <= {numbers} and all(size > 0 for size in sizes)
    except (AttributeError, LookupError, TypeError, ValueError):
        return False


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
    own = fingerprint(plane)
    for kind, ratio in distances(own, domain).items():
        if own is not None and ratio > TOLERANCE:
            reasons.append(_reason(kind, own, [from_text(text) for text in domain["fingerprints"]], ratio))
    return reasons


def verdict(distance: float) -> str:
    """What the largest of `distances` means for the use of a model, in words."""
    told = f"distance to the training images {distance:.1f}"
    if distance <= 1:
        return f"{told}: as among themselves"
    if distance <= TOLERANCE:
        return f"{told}: at the edge of what the model has seen, look twice"
    return f"{told}: the model has seen nothing like it and should not be used for it"


def distances(own: Fingerprint | None, domain: dict[str, Any]) -> dict[str, float]:
    """How far a plane lies from all that a model has seen, by kind, as a share of the widest gap among the latter.

    Up to 1 it is like a training image, over `TOLERANCE` it is not. Empty where nothing is known.
    """
    seen = [from_text(text) for text in domain["fingerprints"]]
    if not seen or own is None:
        return {}
    return {kind: distance / domain["gaps"][kind] for kind, distance in nearest(own, seen).items()}


def _reason(kind: str, own: Fingerprint, seen: list[Fingerprint], ratio: float) -> str:
    if kind == "signal-to-noise":
        low, high = 10 ** min(one.snr for one in seen), 10 ** max(one.snr for one in seen)
        return f"its signal-to-noise ratio is {10**own.snr:.3g}, the model was trained on {low:.3g} to {high:.3g}"
    return f"its {WORDS[kind]} lies {ratio:.1f} times as far from all training images as those from one another"


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


def as_text(one: Fingerprint) -> str:
    """A fingerprint as a line of numbers."""
    return " ".join(f"{value:.4g}" for value in (one.snr, *one.brightness, *one.spectrum, *one.shape))


def from_text(text: str) -> Fingerprint:
    """The fingerprint that `as_text` wrote."""
    values = np.array(text.split(), float)
    snr, *parts = np.split(values, np.cumsum([1, len(QUANTILES), BANDS]))
    return Fingerprint(float(snr[0]), *parts)
