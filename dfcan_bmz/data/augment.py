"""Flips and right-angle rotations, alike for both images of a pair."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Orientation(NamedTuple):
    """How a patch is turned: flipped first, then rotated by `quarters` of a full turn."""

    flip_x: bool = False
    flip_y: bool = False
    quarters: int = 0


def draw_orientation(kinds: Sequence[str], rng: np.random.Generator) -> Orientation:
    """Draw an orientation.

    Parameters
    ----------
    kinds : sequence of {"hflip", "vflip", "rot90"}
        A flip happens in half of the cases; a rotation is by 0, 90, 180 or 270 degrees.
    rng : numpy.random.Generator
        Draws the choices.
    """
    flip_x = "hflip" in kinds and rng.random() < 0.5
    flip_y = "vflip" in kinds and rng.random() < 0.5
    return Orientation(flip_x, flip_y, int(rng.integers(4)) if "rot90" in kinds else 0)


def turn(patch: np.ndarray, orientation: Orientation) -> np.ndarray:
    """Turn a square patch, (H, H)."""
    patch = patch[:, ::-1] if orientation.flip_x else patch
    patch = patch[::-1] if orientation.flip_y else patch
    return np.rot90(patch, orientation.quarters)
