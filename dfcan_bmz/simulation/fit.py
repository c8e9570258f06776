"""Bring simulated images near to real ones: what cannot be measured one by one is inferred."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from dfcan_bmz.simulation.camera import expose
from dfcan_bmz.simulation.description import Group, differences, groups_of
from dfcan_bmz.simulation.fields import draw_scene, widefield
from dfcan_bmz.simulation.measure import Measured
from dfcan_bmz.simulation.regression import infer
from dfcan_bmz.simulation.settings import Simulation

FINE = 2  # fine pixels an LR pixel: enough where no target is made
CHECKED = 8  # fields that are compared with the real ones before and after


class Knob(NamedTuple):
    """A parameter to fit: its range, whether equal ratios are equal steps, and what share of it means off."""

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
    """Outcome of a fit.

    Attributes
    ----------
    simulation : Simulation
        The nearest.
    spread : dict of str to float
        Standard error of each parameter that the images tell.
    before, after : dict of str to float
        Differences of start and outcome from the real images by kind, in units of what hardly anybody would see.
    """

    simulation: Simulation
    spread: dict[str, float]
    before: dict[str, float]
    after: dict[str, float]


def knobs_of(simulation: Simulation) -> list[Knob]:
    """What is fitted with a structure."""
    own = simulation.specimen.per_um2
    density = Knob("per_um2", own / DENSITY_RANGE, own * DENSITY_RANGE, True)
    return [density, *EVERYWHERE, *OF_STRUCTURE[simulation.structure]]


def fit(
    start: Simulation,
    measured: Measured,
    knobs: Sequence[Knob],
    rng: np.random.Generator,
    watch: Callable[[], None] = lambda: None,
) -> Fitted:
    """Find the simulation whose images are nearest to the real ones; what these do not tell stays as it is.

    Parameters
    ----------
    start : Simulation
        With what was measured; its haze and background are where to begin.
    measured : Measured
        The real images.
    knobs : sequence of Knob
        What is looked for.
    rng : numpy.random.Generator
        Of all that is simulated.
    watch : callable
        Called after each of `dfcan_bmz.simulation.regression.SIMULATED` simulated fields.
    """
    groups = groups_of(measured)
    values = start.values()
    first = np.array([knob.share(values[knob.name]) for knob in knobs])
    check = int(rng.integers(2**31))

    def at(shares: np.ndarray) -> Simulation:
        return start.with_values(**{knob.name: knob.at(share) for knob, share in zip(knobs, shares, strict=True)})

    def apart(simulation: Simulation) -> dict[str, float]:
        fields = [draw_fields(simulation, groups, check + index) for index in range(CHECKED)]
        return differences(list(zip(*fields, strict=True)), groups)

    found = infer(lambda shares, seed: draw_fields(at(shares), groups, seed), groups, first, rng, watch)
    told = [(knob, share, sd) for knob, share, sd, is_told in zip(knobs, *found, strict=True) if is_told]
    simulation = start.with_values(**{knob.name: knob.at(share) for knob, share, _ in told})
    spread = {knob.name: (knob.at(min(share + sd, 1)) - knob.at(max(share - sd, 0))) / 2 for knob, share, sd in told}
    return Fitted(simulation, spread, apart(start), apart(simulation))


def draw_fields(simulation: Simulation, groups: Sequence[Group], seed: int) -> list[np.ndarray]:
    """Draw one field at the light of each group."""
    # one field does not differ from another: the real ones are few
    specimen = simulation.specimen._replace(density_spread=0.0)
    microscope = simulation.microscope._replace(haze_spread=0.0)
    rng = np.random.default_rng(seed)
    scene = draw_scene(simulation.structure, groups[0].size, FINE, simulation.haze, rng, microscope, specimen)
    signal = widefield(scene, FINE, microscope)
    return [expose(signal * group.photons, rng, simulation.camera) for group in groups]
