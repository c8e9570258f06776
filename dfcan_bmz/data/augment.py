"""Flips and right-angle rotations, alike for both images of a pair."""

import numpy as np


def augment(
    lr: np.ndarray, hr: np.ndarray, kinds: list[str], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Apply each of `kinds` at random.

    Parameters
    ----------
    lr, hr : numpy.ndarray
        (H, H) and (sH, sH): square patches.
    kinds : list of {"hflip", "vflip", "rot90"}
        A flip happens in half of the cases; a rotation is by 0, 90, 180 or 270 degrees.
    rng : numpy.random.Generator
        Draws the choices.
    """
    if "hflip" in kinds and rng.random() < 0.5:
        lr, hr = lr[:, ::-1], hr[:, ::-1]
    if "vflip" in kinds and rng.random() < 0.5:
        lr, hr = lr[::-1], hr[::-1]
    if "rot90" in kinds:
        turns = int(rng.integers(4))
        lr, hr = np.rot90(lr, turns), np.rot90(hr, turns)
    return lr, hr
