"""Fluorophores of a specimen, as points in continuous coordinates.

Each function takes the side of a square in micrometres and a generator, and returns (N, 2): y and x of every
fluorophore in micrometres, 0 at the corner of the square. What is drawn may leave the square.
"""

import numpy as np
from scipy.spatial import Voronoi

STEP_UM = 0.01  # spacing of the binding sites that a filament is drawn with
ACTIN_PERSISTENCE_UM = 10.0
ACTIN_LENGTH_UM = 6.0
ACTIN_PER_UM2 = 0.45
BUNDLES_PER_UM2 = 0.04
BUNDLE_LENGTH_UM = 10.0
BUNDLE_PERSISTENCE_UM = 40.0  # crosslinks stiffen
FILAMENTS_PER_BUNDLE = 12.0
BUNDLE_RADIUS_UM = 0.06  # standard deviation of the filaments' distance from the axis
LABELS_PER_UM = 200.0
# in cells, where motors and other structures bend them; millimetres in solution. Chosen, like the density, beside a
# real field (docs/simulator.md)
MICROTUBULE_PERSISTENCE_UM = 3.0
MICROTUBULE_LENGTH_UM = 15.0
MICROTUBULE_PER_UM2 = 0.3
DENSITY_SHAPE = 3.0  # of the gamma distribution by which the density differs between fields
BRIGHTNESS_SHAPE = 4.0  # of the gamma distribution by which the labelling differs between filaments
MICROTUBULE_RADIUS_UM = 0.025  # 12.5 nm, and as much again for the antibodies
PITS_PER_UM2 = 0.8
PIT_RADIUS_UM = (0.04, 0.1)
LABELS_PER_PIT = 150.0
TUBULES_PER_UM2 = 1.2  # meshes of the network
TUBULE_RADIUS_UM = 0.04
SHEETS = 0.06  # share of the meshes that are filled
LABELS_PER_UM2 = 2000.0


def worm_like_chain(steps: int, persistence_um: float, rng: np.random.Generator) -> np.ndarray:
    """Draw the contour of one semiflexible filament that begins near the origin, in a random direction.

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

    Returns
    -------
    numpy.ndarray
        (steps, 2): y and x in micrometres.
    """
    turns = rng.normal(0, np.sqrt(STEP_UM / persistence_um), steps)
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(turns)
    return STEP_UM * np.cumsum(np.stack([np.sin(heading), np.cos(heading)], axis=1), axis=0)


def actin(side_um: float, rng: np.random.Generator) -> np.ndarray:
    """Draw actin filaments that begin anywhere; fluorophores sit on them at random (Poisson)."""
    points = []
    for _ in range(max(1, rng.poisson(ACTIN_PER_UM2 * side_um**2))):
        steps = 1 + int(rng.exponential(ACTIN_LENGTH_UM) / STEP_UM)
        path = rng.uniform(0, side_um, 2) + worm_like_chain(steps, ACTIN_PERSISTENCE_UM, rng)
        points.append(np.repeat(path, rng.poisson(LABELS_PER_UM * STEP_UM, steps), axis=0))
    return np.concatenate(points)


def actin_bundles(side_um: float, rng: np.random.Generator) -> np.ndarray:
    """Draw single actin filaments, and bundles of them: stress fibres of parallel, overlapping filaments."""
    points = [actin(side_um, rng)]
    for _ in range(max(1, rng.poisson(BUNDLES_PER_UM2 * side_um**2))):
        steps = 2 + int(rng.exponential(BUNDLE_LENGTH_UM) / STEP_UM)
        axis = worm_like_chain(steps, BUNDLE_PERSISTENCE_UM, rng)
        axis = axis - axis[steps // 2] + rng.uniform(0, side_um, 2)
        normal = np.gradient(axis, axis=0)[:, ::-1] * [1, -1] / STEP_UM
        for _ in range(1 + rng.poisson(FILAMENTS_PER_BUNDLE)):
            start, end = np.sort(rng.integers(0, steps, 2))
            path = axis[start:end] + rng.normal(0, BUNDLE_RADIUS_UM) * normal[start:end]
            points.append(np.repeat(path, rng.poisson(LABELS_PER_UM * STEP_UM, end - start), axis=0))
    return np.concatenate(points)


def microtubules(side_um: float, rng: np.random.Generator) -> np.ndarray:
    """Draw microtubules: long, bent, hollow cylinders, labelled all around, some better than others."""
    points = []
    density = MICROTUBULE_PER_UM2 * rng.gamma(DENSITY_SHAPE, 1 / DENSITY_SHAPE)
    for _ in range(max(1, rng.poisson(density * side_um**2))):
        steps = 2 + int(rng.exponential(MICROTUBULE_LENGTH_UM) / STEP_UM)
        path = worm_like_chain(steps, MICROTUBULE_PERSISTENCE_UM, rng)
        path = path - path[steps // 2] + rng.uniform(0, side_um, 2)
        direction = np.gradient(path, axis=0) / STEP_UM
        brightness = rng.gamma(BRIGHTNESS_SHAPE, 1 / BRIGHTNESS_SHAPE)
        labels = np.repeat(np.arange(steps), rng.poisson(brightness * LABELS_PER_UM * STEP_UM, steps))
        aside = MICROTUBULE_RADIUS_UM * np.cos(rng.uniform(0, 2 * np.pi, len(labels)))  # a circle seen from above
        normal = direction[labels][:, ::-1] * [1, -1]
        points.append(path[labels] + aside[:, None] * normal)
    return np.concatenate(points)


def clathrin_pits(side_um: float, rng: np.random.Generator) -> np.ndarray:
    """Draw clathrin-coated pits: half shells, which from above look like rings."""
    points = []
    for _ in range(max(1, rng.poisson(PITS_PER_UM2 * side_um**2))):
        radius, count = rng.uniform(*PIT_RADIUS_UM), rng.poisson(LABELS_PER_PIT)
        # uniform on a half sphere: uniform height (Archimedes)
        distance = radius * np.sqrt(1 - rng.uniform(0, 1, count) ** 2)
        angle = rng.uniform(0, 2 * np.pi, count)
        around = distance[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)
        points.append(rng.uniform(0, side_um, 2) + around)
    return np.concatenate(points)


def endoplasmic_reticulum(side_um: float, rng: np.random.Generator) -> np.ndarray:
    """Draw endoplasmic reticulum: tubules along the borders of random cells (Voronoi), some of the meshes filled."""
    edge = 2.0  # micrometres of network around the square, where the diagram is not closed
    count = max(12, rng.poisson(TUBULES_PER_UM2 * (side_um + 2 * edge) ** 2))
    diagram = Voronoi(rng.uniform(-edge, side_um + edge, (count, 2)))
    points = []
    for start, end in diagram.ridge_vertices:
        if start < 0:
            continue
        a, b = diagram.vertices[start], diagram.vertices[end]
        labels = rng.poisson(LABELS_PER_UM * min(np.linalg.norm(b - a), edge))
        along = rng.uniform(0, 1, (labels, 1))
        points.append(a + along * (b - a) + rng.normal(0, TUBULE_RADIUS_UM / 2, (labels, 2)))
    for region in diagram.regions:
        if not region or -1 in region or rng.uniform() > SHEETS:
            continue
        corners = diagram.vertices[region]
        centre, width = corners.mean(axis=0), np.ptp(corners, axis=0).max()
        candidates = centre + rng.uniform(-width, width, (rng.poisson(LABELS_PER_UM2 * min(width, edge) ** 2), 2))
        points.append(candidates[_inside(candidates, corners)])
    return np.concatenate(points)


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
