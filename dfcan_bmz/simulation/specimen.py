"""What a specimen is like: how much of a structure there is, how it lies, and how well it is labelled."""

import math
from typing import Annotated, NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

FIELD_STEPS = 4  # samples of a random field in each of its own widths
SPOT_RADIUS_UM = 0.04  # standard deviation of the labels around the middle of a bright spot
VESICLE_SPREAD = 0.3  # standard deviation of the logarithm of the radii


class Specimen(NamedTuple):
    """How a structure fills a field of view, in the units named; structures have defaults of their own, `SPECIMENS`."""

    per_um2: Annotated[float, "filaments, pits or meshes a square micrometre"] = 1.0
    density_spread: Annotated[float, "standard deviation between fields, share of per_um2"] = 0.0
    persistence_um: Annotated[float, "micrometres"] = 10.0  # persistence length of filaments: how straight they are
    alignment: Annotated[float, "0 anywhere, 1 one direction"] = 0.0  # where filaments run
    # distance of the labels from where they would sit on a structure of no width
    thickness_um: Annotated[float, "micrometres (sigma)"] = 0.0
    variety: Annotated[float, "standard deviation of the labelling between objects, share of its mean"] = 0.0
    unevenness: Annotated[float, "standard deviation of the logarithm of the labelling along a structure"] = 0.0
    unevenness_um: Annotated[float, "micrometres"] = 0.4  # how far the labelling stays alike
    spots_per_um2: Annotated[float, "a square micrometre"] = 0.0  # bright spots on the structure
    spot_labels: Annotated[float, "fluorophores"] = 200.0  # in each spot or vesicle, on average
    vesicles_per_um2: Annotated[float, "a square micrometre"] = 0.0  # labelled vesicles anywhere
    vesicle_um: Annotated[float, "micrometres (radius)"] = 0.15
    gradient: Annotated[float, "factors of e across the field"] = 0.0  # of the density, towards the nucleus
    sheets: Annotated[float, "share of the meshes"] = (
        0.0  # that are filled; with `gradient`, on the side of the nucleus
    )
    tube_um: Annotated[float, "micrometres (radius)"] = 0.04  # of tubules
    tube_spread: Annotated[float, "standard deviation of the logarithm"] = 0.0  # of that radius
    tube_bend: Annotated[float, "share of a tubule's length"] = 0.0  # how far it leaves the line between its ends
    towards: float | None = None  # direction of the nucleus in radians; None to draw one for each field of view

    def density(self, rng: np.random.Generator) -> float:
        """Objects a square micrometre in one field of view."""
        return self.per_um2 * about_one(self.density_spread, rng)

    def brightness(self, rng: np.random.Generator) -> float:
        """Labelling of one object, 1 on average."""
        return about_one(self.variety, rng)

    def places(self, count: int, low: float, high: float, rng: np.random.Generator) -> np.ndarray:
        """Draw (count, 2) places in a square from `low` to `high`, more of them towards the nucleus."""
        if not self.gradient:
            return rng.uniform(low, high, (count, 2))
        drawn = rng.uniform(low, high, (24 * count, 2))
        weight = np.exp(self.gradient * self.nearness(drawn, low, high))
        return drawn[rng.choice(len(drawn), count, replace=False, p=weight / weight.sum())]

    def nearness(self, points: np.ndarray, low: float, high: float) -> np.ndarray:
        """How far towards the nucleus points lie: from 0 to 1 across the square."""
        direction = np.array([math.sin(self.towards or 0.0), math.cos(self.towards or 0.0)])
        along = ((points - low) / (high - low) - 0.5) @ direction
        return along / np.abs(direction).sum() + 0.5

    def heading(self, rng: np.random.Generator) -> float:
        """Direction in which a filament begins, in radians."""
        free = rng.uniform(0, 2 * np.pi)
        if not self.alignment:
            return free
        # half of the filaments run each way, within what the alignment leaves of a half turn
        turn, side = math.modf(free / np.pi)
        return (self.towards or 0.0) + np.pi * side + np.pi * (turn - 0.5) * (1 - self.alignment)


def random_field(points: np.ndarray, side_um: float, width_um: float, rng: np.random.Generator) -> np.ndarray:
    """Values of a smooth Gaussian random field at points (N, 2), mean 0 and variance 1, alike over `width_um`."""
    step = width_um / FIELD_STEPS
    margin = 2.0
    grid = rng.normal(0, 1, [math.ceil((side_um + 2 * margin) / step) + 1] * 2)
    grid = gaussian_filter(grid, FIELD_STEPS / 2, mode="wrap")
    return map_coordinates(grid / max(grid.std(), 1e-12), (points.T + margin) / step, order=1, mode="grid-wrap")


def label(
    points: np.ndarray, side_um: float, specimen: Specimen, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray | None]:
    """Add to the points of a structure what a specimen has beside it, and weigh them.

    Parameters
    ----------
    points : numpy.ndarray
        (N, 2): y and x of fluorophores in micrometres.
    side_um : float
        Side of the square that will be seen.
    specimen : Specimen
        Thickness, uneven labelling, spots and vesicles.
    rng : numpy.random.Generator
        Draws nothing for what is off.

    Returns
    -------
    points : numpy.ndarray
        (M, 2).
    weights : numpy.ndarray or None
        (M,): fluorophores that each point stands for; None for 1 each.
    """
    if specimen.thickness_um and len(points):
        points = points + rng.normal(0, specimen.thickness_um, points.shape)
    weights = None
    if specimen.unevenness and len(points):
        field = random_field(points, side_um, specimen.unevenness_um, rng)
        weights = np.exp(specimen.unevenness * field - specimen.unevenness**2 / 2)
    extra = [*_spots(points, side_um, specimen, rng), *_vesicles(side_um, specimen, rng)]
    if not extra:
        return points, weights
    added = np.concatenate(extra)
    if weights is not None:
        weights = np.concatenate([weights, np.ones(len(added))])
    return np.concatenate([points, added]), weights


def _spots(points: np.ndarray, side_um: float, specimen: Specimen, rng: np.random.Generator) -> list[np.ndarray]:
    count = rng.poisson(specimen.spots_per_um2 * side_um**2) if specimen.spots_per_um2 and len(points) else 0
    middles = points[rng.integers(0, len(points), count)] if count else points[:0]
    # some are far brighter than the others
    return [
        middle + rng.normal(0, SPOT_RADIUS_UM, (rng.poisson(rng.exponential(specimen.spot_labels)), 2))
        for middle in middles
    ]


def _vesicles(side_um: float, specimen: Specimen, rng: np.random.Generator) -> list[np.ndarray]:
    count = rng.poisson(specimen.vesicles_per_um2 * side_um**2) if specimen.vesicles_per_um2 else 0
    return [
        middle + _shell(specimen.vesicle_um * rng.lognormal(0, VESICLE_SPREAD), rng.poisson(specimen.spot_labels), rng)
        for middle in (specimen.places(count, 0, side_um, rng) if count else [])
    ]


def _shell(radius: float, count: int, rng: np.random.Generator) -> np.ndarray:
    """Points on a sphere, seen from above: its height is uniform (Archimedes)."""
    distance = radius * np.sqrt(1 - rng.uniform(-1, 1, count) ** 2)
    angle = rng.uniform(0, 2 * np.pi, count)
    return distance[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)


def about_one(spread: float, rng: np.random.Generator) -> float:
    """A gamma-distributed number of mean 1."""
    if not spread:
        return 1.0
    shape = round(spread**-2, 9)
    return float(rng.gamma(shape, 1 / shape))
