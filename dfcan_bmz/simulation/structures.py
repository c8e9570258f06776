"""Fluorophores of a specimen, as points in continuous coordinates.

Each function takes the side of a square in micrometres, a generator and what the specimen is like, and returns (N, 2):
y and x of every fluorophore in micrometres, 0 at the corner of the square. What is drawn may leave the square.
"""

import math

import numpy as np
from scipy.spatial import Voronoi

from dfcan_bmz.simulation.specimen import Specimen

STEP_UM = 0.01  # spacing of the binding sites that a filament is drawn with
ACTIN_LENGTH_UM = 6.0
BUNDLES_PER_UM2 = 0.04
BUNDLE_LENGTH_UM = 10.0
BUNDLE_PERSISTENCE_UM = 40.0  # crosslinks stiffen
FILAMENTS_PER_BUNDLE = 12.0
BUNDLE_RADIUS_UM = 0.06  # standard deviation of the filaments' distance from the axis
LABELS_PER_UM = 200.0
MICROTUBULE_LENGTH_UM = 15.0
MICROTUBULE_RADIUS_UM = 0.025  # 12.5 nm, and as much again for the antibodies
PIT_RADIUS_UM = (0.04, 0.1)
LABELS_PER_PIT = 150.0
LABELS_PER_UM2 = 2000.0
ACTIN = Specimen(per_um2=0.45, persistence_um=10.0)
SPECIMENS = {
    "actin": ACTIN,
    "bundles": ACTIN,
    # in cells, where motors and other structures bend them; millimetres in solution. Chosen, like the density, beside a
    # real field (docs/simulator.md)
    "microtubules": Specimen(per_um2=0.3, persistence_um=3.0, density_spread=3**-0.5, variety=0.5),
    "ccps": Specimen(per_um2=0.8),
    "er": Specimen(per_um2=1.2, sheets=0.06),
}


def worm_like_chain(
    steps: int, persistence_um: float, rng: np.random.Generator, specimen: Specimen = ACTIN
) -> np.ndarray:
    """Draw the contour of one semiflexible filament that begins near the origin.

    The heading diffuses along the contour with variance ``ds / Lp`` a step of length ds = `STEP_UM`, so that tangents a
    distance L apart correlate as ``exp(-L / (2 Lp))`` (worm-like chain in two dimensions).

    Parameters
    ----------
    steps : int
        Length in units of `STEP_UM`.
    persistence_um : float
        Persistence length Lp in micrometres.
    rng : numpy.random.Generator
        Source of the shape.
    specimen : Specimen
        Where filaments head for.

    Returns
    -------
    numpy.ndarray
        (steps, 2): y and x in micrometres.
    """
    turns = rng.normal(0, np.sqrt(STEP_UM / persistence_um), steps)
    heading = specimen.heading(rng) + np.cumsum(turns)
    return STEP_UM * np.cumsum(np.stack([np.sin(heading), np.cos(heading)], axis=1), axis=0)


def actin(side_um: float, rng: np.random.Generator, specimen: Specimen = ACTIN) -> np.ndarray:
    """Draw actin filaments that begin anywhere; fluorophores sit on them at random (Poisson)."""
    points = []
    for _ in range(max(1, rng.poisson(specimen.density(rng) * side_um**2))):
        steps = 1 + int(rng.exponential(ACTIN_LENGTH_UM) / STEP_UM)
        start = specimen.places(1, 0, side_um, rng)[0]
        path = start + worm_like_chain(steps, specimen.persistence_um, rng, specimen)
        labels = specimen.brightness(rng) * LABELS_PER_UM * STEP_UM
        points.append(np.repeat(path, rng.poisson(labels, steps), axis=0))
    return np.concatenate(points)


def actin_bundles(side_um: float, rng: np.random.Generator, specimen: Specimen = ACTIN) -> np.ndarray:
    """Draw single actin filaments, and bundles of them: stress fibres of parallel, overlapping filaments."""
    points = [actin(side_um, rng, specimen)]
    for _ in range(max(1, rng.poisson(BUNDLES_PER_UM2 * side_um**2))):
        steps = 2 + int(rng.exponential(BUNDLE_LENGTH_UM) / STEP_UM)
        axis = worm_like_chain(steps, BUNDLE_PERSISTENCE_UM, rng, specimen)
        axis = axis - axis[steps // 2] + specimen.places(1, 0, side_um, rng)[0]
        normal = np.gradient(axis, axis=0)[:, ::-1] * [1, -1] / STEP_UM
        for _ in range(1 + rng.poisson(FILAMENTS_PER_BUNDLE)):
            start, end = np.sort(rng.integers(0, steps, 2))
            path = axis[start:end] + rng.normal(0, BUNDLE_RADIUS_UM) * normal[start:end]
            points.append(np.repeat(path, rng.poisson(LABELS_PER_UM * STEP_UM, end - start), axis=0))
    return np.concatenate(points)


def microtubules(
    side_um: float, rng: np.random.Generator, specimen: Specimen = SPECIMENS["microtubules"]
) -> np.ndarray:
    """Draw microtubules: long, bent, hollow cylinders, labelled all around, some better than others."""
    points = []
    for _ in range(max(1, rng.poisson(specimen.density(rng) * side_um**2))):
        steps = 2 + int(rng.exponential(MICROTUBULE_LENGTH_UM) / STEP_UM)
        path = worm_like_chain(steps, specimen.persistence_um, rng, specimen)
        path = path - path[steps // 2] + specimen.places(1, 0, side_um, rng)[0]
        direction = np.gradient(path, axis=0) / STEP_UM
        labelling = specimen.brightness(rng) * LABELS_PER_UM * STEP_UM
        labels = np.repeat(np.arange(steps), rng.poisson(labelling, steps))
        aside = MICROTUBULE_RADIUS_UM * np.cos(rng.uniform(0, 2 * np.pi, len(labels)))  # a circle seen from above
        normal = direction[labels][:, ::-1] * [1, -1]
        points.append(path[labels] + aside[:, None] * normal)
    return np.concatenate(points)


def clathrin_pits(side_um: float, rng: np.random.Generator, specimen: Specimen = SPECIMENS["ccps"]) -> np.ndarray:
    """Draw clathrin-coated pits: half shells, which from above look like rings."""
    points = []
    for _ in range(max(1, rng.poisson(specimen.density(rng) * side_um**2))):
        radius, count = rng.uniform(*PIT_RADIUS_UM), rng.poisson(specimen.brightness(rng) * LABELS_PER_PIT)
        # uniform on a half sphere: uniform height (Archimedes)
        distance = radius * np.sqrt(1 - rng.uniform(0, 1, count) ** 2)
        angle = rng.uniform(0, 2 * np.pi, count)
        around = distance[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)
        points.append(specimen.places(1, 0, side_um, rng)[0] + around)
    return np.concatenate(points)


def endoplasmic_reticulum(side_um: float, rng: np.random.Generator, specimen: Specimen = SPECIMENS["er"]) -> np.ndarray:
    """Draw endoplasmic reticulum: tubules along the borders of random cells (Voronoi), some of the meshes filled."""
    edge = 2.0  # micrometres of network around the square, where the diagram is not closed
    count = max(12, rng.poisson(specimen.density(rng) * (side_um + 2 * edge) ** 2))
    diagram = Voronoi(specimen.places(count, -edge, side_um + edge, rng))
    points = []
    for start, end in diagram.ridge_vertices:
        if start < 0:
            continue
        a, b = diagram.vertices[start], diagram.vertices[end]
        points.append(_tubule(a, b, min(float(np.linalg.norm(b - a)), edge), specimen, rng))
    for region in diagram.regions:
        if not region or -1 in region:
            continue
        corners = diagram.vertices[region]
        centre, width = corners.mean(axis=0), np.ptp(corners, axis=0).max()
        # 1 where there is no gradient, else 0 at the border of the cell and 1 at the nucleus
        near = specimen.nearness(centre, -edge, side_um + edge) if specimen.gradient else 1.0
        if rng.uniform() > specimen.sheets * near:
            continue
        candidates = centre + rng.uniform(-width, width, (rng.poisson(LABELS_PER_UM2 * min(width, edge) ** 2), 2))
        points.append(candidates[_inside(candidates, corners)])
    return np.concatenate(points)


def _tubule(a: np.ndarray, b: np.ndarray, length: float, specimen: Specimen, rng: np.random.Generator) -> np.ndarray:
    """Labels on a tubule between two junctions; a wider one has more of them, and fewer per area of the image."""
    wider = rng.lognormal(0, specimen.tube_spread) if specimen.tube_spread else 1.0
    count = rng.poisson(specimen.brightness(rng) * LABELS_PER_UM * length * wider)
    along = rng.uniform(0, 1, (count, 1))
    path = a + along * (b - a)
    if specimen.tube_bend:
        # an arc and an S, so that both ends stay where they are
        arc, wave = rng.normal(0, specimen.tube_bend, 2) * [1, 0.5]
        path = path + (arc * np.sin(math.pi * along) + wave * np.sin(2 * math.pi * along)) * ((b - a)[::-1] * [1, -1])
    return path + rng.normal(0, specimen.tube_um * wider / 2, (count, 2))


def _inside(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Which points lie in a convex polygon, its corners in any order."""
    middle = corners.mean(axis=0)
    corners = corners[np.argsort(np.arctan2(*(corners - middle).T))]
    sides = np.roll(corners, -1, axis=0) - corners
    offsets = points[:, None] - corners
    turns = sides[:, 0] * offsets[..., 1] - sides[:, 1] * offsets[..., 0]
    return (turns >= 0).all(axis=1) | (turns <= 0).all(axis=1)


STRUCTURES = {
    "actin": actin,
    "bundles": actin_bundles,
    "microtubules": microtubules,
    "ccps": clathrin_pits,
    "er": endoplasmic_reticulum,
}
