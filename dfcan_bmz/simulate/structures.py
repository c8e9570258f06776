"""Fluorophores of a specimen, as points in continuous coordinates."""

import numpy as np

STEP_UM = 0.01  # spacing of the binding sites that a filament is drawn with
ACTIN_PERSISTENCE_UM = 10.0
ACTIN_LENGTH_UM = 6.0
ACTIN_PER_UM2 = 0.45
LABELS_PER_UM = 200.0


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
    """Draw actin filaments in a square; fluorophores sit on them at random (Poisson).

    Parameters
    ----------
    side_um : float
        Side of the square in micrometres; filaments begin anywhere in it and may leave it.
    rng : numpy.random.Generator
        Source of the specimen.

    Returns
    -------
    numpy.ndarray
        (N, 2): y and x of every fluorophore in micrometres, 0 at the corner of the square.
    """
    points = []
    for _ in range(max(1, rng.poisson(ACTIN_PER_UM2 * side_um**2))):
        steps = 1 + int(rng.exponential(ACTIN_LENGTH_UM) / STEP_UM)
        path = rng.uniform(0, side_um, 2) + worm_like_chain(steps, ACTIN_PERSISTENCE_UM, rng)
        points.append(np.repeat(path, rng.poisson(LABELS_PER_UM * STEP_UM, steps), axis=0))
    return np.concatenate(points)


STRUCTURES = {"actin": actin}
