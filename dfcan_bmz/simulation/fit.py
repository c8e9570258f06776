"""Bring simulated images near to real ones: what cannot be measured one by one is searched for."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter

from dfcan_bmz.fingerprint import fingerprint
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.simulation.camera import expose
from dfcan_bmz.simulation.fields import draw_scene, widefield
from dfcan_bmz.simulation.measure import Measured
from dfcan_bmz.simulation.settings import Simulation

FINE = 2  # fine pixels an LR pixel: enough where no target is made
FIELDS = 4  # simulated for each candidate
ROUNDS, CANDIDATES, BEST = 8, 24, 6
FIRST_WIDTH, LAST_WIDTH = 0.25, 0.02  # of the search, as a share of each range
HABIT = 0.02  # what leaving the start costs, so that parameters that images say nothing of stay where they were
LIGHT_GROUPS = 3
INVISIBLE = 100.0  # the difference of an image that shows nothing
# differences that hardly anybody would see: decades, shares of the range, decades, coherence, shares of the range
SCALES = {"signal-to-noise": 0.05, "brightness": 0.02, "spectrum": 0.1, "shape": 0.03, "texture": 0.01}
TEXTURE_SIGMAS_PX = (1.0, 2.0, 4.0)
TEXTURE_QUANTILES = (0.01, 0.1, 0.5, 0.9, 0.99, 0.999)


class Knob(NamedTuple):
    """A parameter of the search: its range, whether equal ratios are equal steps, and what share of it means off."""

    name: str
    low: float
    high: float
    ratios: bool = False
    off: float = 0.0

    def at(self, share: float) -> float:
        """Value at a share of the range."""
        if share < self.off:
            return 0.0
        if self.ratios:
            return float(self.low * (self.high / self.low) ** share)
        return float(self.low + (self.high - self.low) * share)

    def share(self, value: float) -> float:
        """Share of the range at which a value lies, 0 to 1."""
        if value <= 0 and self.off:
            return self.off / 2
        if self.ratios:
            return float(np.clip(np.log(max(value, 1e-9) / self.low) / np.log(self.high / self.low), 0, 1))
        return float(np.clip((value - self.low) / (self.high - self.low), 0, 1))


EVERYWHERE = [
    Knob("haze", 0.05, 12.0, True),
    Knob("haze_um", 0.25, 2.5, True),
    Knob("haze_deep", 0.0, 1.0),
    Knob("background", 0.003, 1.5, True),
    Knob("pattern", 0.0, 1.0),
    Knob("thickness_um", 0.0, 0.12),
    Knob("variety", 0.0, 1.2),
    Knob("unevenness", 0.0, 1.2),
    Knob("spots_per_um2", 0.003, 1.0, True, off=0.2),
    Knob("spot_labels", 20.0, 2000.0, True),
    Knob("gradient", 0.0, 5.0),
]
FILAMENTS = [Knob("persistence_um", 0.5, 30.0, True), Knob("alignment", 0.0, 0.9)]
OF_STRUCTURE = {
    "actin": FILAMENTS,
    "bundles": FILAMENTS,
    "microtubules": FILAMENTS,
    "ccps": [Knob("vesicles_per_um2", 0.003, 1.0, True, off=0.2)],
    "er": [
        Knob("sheets", 0.0, 0.5),
        Knob("tube_um", 0.02, 0.12, True),
        Knob("tube_spread", 0.0, 0.6),
        Knob("tube_bend", 0.0, 0.3),
    ],
}
DENSITY_RANGE = 6.0  # times the structure's own, and as much less


class Fitted(NamedTuple):
    """Outcome of a search.

    Attributes
    ----------
    simulation : Simulation
        The nearest.
    spread : dict of str to float
        How far each fitted parameter differs among the nearest candidates: one standard deviation.
    before, after : dict of str to float
        Differences of start and outcome from the real images by kind, in units of `SCALES`.
    """

    simulation: Simulation
    spread: dict[str, float]
    before: dict[str, float]
    after: dict[str, float]


def knobs_of(simulation: Simulation) -> list[Knob]:
    """What is searched for with a structure."""
    own = simulation.specimen.per_um2
    density = Knob("per_um2", own / DENSITY_RANGE, own * DENSITY_RANGE, True)
    return [density, *EVERYWHERE, *OF_STRUCTURE[simulation.structure]]


def describe(tile: np.ndarray) -> dict[str, np.ndarray] | None:
    """Numbers by kind of one tile: its fingerprint, and how bright and dark detail of three sizes is; None if flat."""
    found = fingerprint(tile)
    if found is None:
        return None
    unit = scaling_of(tile).apply(tile)
    blurred = [unit] + [gaussian_filter(unit, sigma) for sigma in (*TEXTURE_SIGMAS_PX, 2 * TEXTURE_SIGMAS_PX[-1])]
    details = [fine - coarse for fine, coarse in pairwise(blurred[1:])]
    texture = np.concatenate([np.quantile(detail, TEXTURE_QUANTILES) for detail in details])
    kinds = (np.array([found.snr]), found.brightness, found.spectrum, found.shape, texture)
    return dict(zip(SCALES, kinds, strict=True))


def fit(
    start: Simulation,
    measured: Measured,
    knobs: Sequence[Knob],
    rng: np.random.Generator,
    watch: Callable[[], None] = lambda: None,
) -> Fitted:
    """Search for the simulation whose images are nearest to the real ones.

    All candidates of a round see the same specimens and noise.

    Parameters
    ----------
    start : Simulation
        With what was measured; its haze and background are where the search begins.
    measured : Measured
        The real images.
    knobs : sequence of Knob
        What is searched for.
    rng : numpy.random.Generator
        Of the search and of all that it simulates.
    watch : callable
        Called after each of `ROUNDS` x `CANDIDATES` candidates.
    """
    groups = groups_of(measured)
    values = start.values()
    first = np.array([knob.share(values[knob.name]) for knob in knobs])
    seeds = rng.integers(0, 2**31, ROUNDS + 1)

    def at(shares: np.ndarray) -> Simulation:
        return start.with_values(**{knob.name: knob.at(share) for knob, share in zip(knobs, shares, strict=True)})

    def apart(simulation: Simulation, number: int) -> dict[str, float]:
        return differences(_simulated(simulation, groups, int(seeds[number])), groups)

    mean, width = search(lambda shares, number: total(apart(at(shares), number)), first, rng, watch)
    lows, highs = np.clip(mean - width, 0, 1), np.clip(mean + width, 0, 1)
    return Fitted(
        at(mean),
        {knob.name: (knob.at(high) - knob.at(low)) / 2 for knob, low, high in zip(knobs, lows, highs, strict=True)},
        apart(start, ROUNDS),
        apart(at(mean), ROUNDS),
    )


def search(
    cost: Callable[[np.ndarray, int], float], first: np.ndarray, rng: np.random.Generator, watch: Callable[[], None]
) -> tuple[np.ndarray, np.ndarray]:
    """Minimise by the cross-entropy method (Rubinstein 1999).

    Candidates are drawn around a mean, and the best of them say where to draw the next ones.

    Parameters
    ----------
    cost : callable
        Of shares of the ranges (N,), 0 to 1, and the number of the round: the candidates of a round should see the same
        chance, those of another round another one.
    first : numpy.ndarray
        (N,): where the search begins.
    rng : numpy.random.Generator
        Draws the candidates.
    watch : callable
        Called after each of `ROUNDS` x `CANDIDATES` candidates.

    Returns
    -------
    mean, width : numpy.ndarray
        (N,): of the last round's best.
    """
    mean, width = first, np.full(len(first), FIRST_WIDTH)
    for number in range(ROUNDS):
        shares = mean + rng.normal(0, 1, (CANDIDATES, len(first))) * width
        shares = np.clip(np.where(shares < 0, -shares, np.where(shares > 1, 2 - shares, shares)), 0, 1)
        shares[0] = mean
        costs = []
        for candidate in shares:
            habit = np.sqrt(np.mean(((candidate - first) / FIRST_WIDTH) ** 2))
            costs.append(cost(candidate, number) + HABIT * habit)
            watch()
        best = shares[np.argsort(costs)[:BEST]]
        mean = 0.2 * mean + 0.8 * best.mean(axis=0)
        width = np.maximum(0.3 * width + 0.7 * best.std(axis=0), LAST_WIDTH)
    return mean, width


def total(differences: dict[str, float]) -> float:
    """One number for differences by kind: their root mean square."""
    return float(np.sqrt(np.mean(np.square(list(differences.values())))))


class Group(NamedTuple):
    """Tiles of about one light level: photons, side in pixels, and their mean description."""

    photons: float
    size: int
    described: dict[str, np.ndarray]


def groups_of(measured: Measured) -> list[Group]:
    """Sort tiles by their light into a few groups."""
    order = np.argsort([light.photons for light in measured.lights])
    groups = []
    for part in np.array_split(order, min(LIGHT_GROUPS, len(order))):
        found = [one for one in (describe(measured.tiles[index]) for index in part) if one]
        if found:
            photons = float(np.exp(np.mean([np.log(measured.lights[index].photons) for index in part])))
            groups.append(Group(photons, measured.tiles[0].shape[0], _mean(found)))
    return groups


def differences(seen: Sequence[Sequence[np.ndarray]], groups: Sequence[Group]) -> dict[str, float]:
    """Root-mean-square difference by kind, in units of `SCALES`, on average over the groups that images belong to."""
    each = []
    for group, tiles in zip(groups, seen, strict=True):
        found = [one for one in map(describe, tiles) if one]
        if not found:
            return dict.fromkeys(SCALES, INVISIBLE)
        mean = _mean(found)
        apart = {kind: (mean[kind] - group.described[kind]) / scale for kind, scale in SCALES.items()}
        each.append({kind: float(np.sqrt(np.mean(difference**2))) for kind, difference in apart.items()})
    return {kind: float(np.mean([one[kind] for one in each])) for kind in SCALES}


def _simulated(simulation: Simulation, groups: Sequence[Group], seed: int) -> list[list[np.ndarray]]:
    """A few fields at the light of each group."""
    # one field does not differ from another: the mean of few would
    specimen = simulation.specimen._replace(density_spread=0.0)
    microscope = simulation.microscope._replace(haze_spread=0.0)
    seen: list[list[np.ndarray]] = [[] for _ in groups]
    for index in range(FIELDS):
        rng = np.random.default_rng([seed, index])
        scene = draw_scene(simulation.structure, groups[0].size, FINE, simulation.haze, rng, microscope, specimen)
        signal = widefield(scene, FINE, microscope)
        for group, tiles in zip(groups, seen, strict=True):
            tiles.append(expose(signal * group.photons, rng, simulation.camera))
    return seen


def _mean(found: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {kind: np.mean([one[kind] for one in found], axis=0) for kind in SCALES}
