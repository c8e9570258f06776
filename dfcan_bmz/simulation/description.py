"""What kind of image a tile is, in numbers, and how far simulated tiles are from real ones."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter

from dfcan_bmz.fingerprint import fingerprint
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.simulation.measure import Measured
from dfcan_bmz.simulation.straightness import straightness

LIGHT_GROUPS = 3
INVISIBLE = 100.0  # the difference of an image that shows nothing
# differences that hardly anybody would see: decades, shares of the range, decades, coherence, shares of the range
SCALES = {"signal-to-noise": 0.05, "brightness": 0.02, "spectrum": 0.1, "shape": 0.03, "texture": 0.01}
TEXTURE_SIGMAS_PX = (1.0, 2.0, 4.0)
TEXTURE_QUANTILES = (0.01, 0.1, 0.5, 0.9, 0.99, 0.999)

Description = dict[str, np.ndarray]


class Group(NamedTuple):
    """Tiles of about one light level.

    Attributes
    ----------
    photons : float
        Their light.
    size : int
        Side in pixels.
    fields : int
        Different places that they show.
    described : dict of str to numpy.ndarray
        Mean description.
    """

    photons: float
    size: int
    fields: int
    described: Description


def describe(tile: np.ndarray) -> Description | None:
    """Numbers by kind of one tile, in units of `SCALES`; None if it is flat.

    They are those of its fingerprint, how straight lines run, and how bright and dark detail of three sizes is.
    """
    found = fingerprint(tile)
    if found is None:
        return None
    unit = scaling_of(tile).apply(tile)
    blurred = [unit] + [gaussian_filter(unit, sigma) for sigma in (*TEXTURE_SIGMAS_PX, 2 * TEXTURE_SIGMAS_PX[-1])]
    details = [fine - coarse for fine, coarse in pairwise(blurred[1:])]
    texture = np.concatenate([np.quantile(detail, TEXTURE_QUANTILES) for detail in details])
    shape = np.concatenate([found.shape, straightness(unit)])
    kinds = (np.array([found.snr]), found.brightness, found.spectrum, shape, texture)
    return {kind: numbers / scale for (kind, scale), numbers in zip(SCALES.items(), kinds, strict=True)}


def groups_of(measured: Measured) -> list[Group]:
    """Sort tiles by their light into a few groups."""
    order = np.argsort([light.photons for light in measured.lights])
    groups = []
    for part in np.array_split(order, min(LIGHT_GROUPS, len(order))):
        found = [one for one in (describe(measured.tiles[index]) for index in part) if one]
        if found:
            photons = float(np.exp(np.mean([np.log(measured.lights[index].photons) for index in part])))
            fields = len({measured.places[index] for index in part})
            groups.append(Group(photons, measured.tiles[0].shape[0], fields, _mean(found)))
    return groups


def differences(seen: Sequence[Sequence[np.ndarray]], groups: Sequence[Group]) -> dict[str, float]:
    """Root-mean-square difference by kind, in units of `SCALES`, on average over the groups that images belong to."""
    each = []
    for group, tiles in zip(groups, seen, strict=True):
        found = [one for one in map(describe, tiles) if one]
        if not found:
            return dict.fromkeys(SCALES, INVISIBLE)
        mean = _mean(found)
        each.append({kind: float(np.sqrt(np.mean((mean[kind] - group.described[kind]) ** 2))) for kind in SCALES})
    return {kind: float(np.mean([one[kind] for one in each])) for kind in SCALES}


def total(differences: dict[str, float]) -> float:
    """One number for differences by kind: their root mean square."""
    return float(np.sqrt(np.mean(np.square(list(differences.values())))))


def _mean(found: list[Description]) -> Description:
    return {kind: np.mean([one[kind] for one in found], axis=0) for kind in SCALES}
