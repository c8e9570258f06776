"""Patches: the same crop from LR and HR, drawn at random for training and on a grid for validation."""

from typing import NamedTuple

import numpy as np

from dfcan_bmz.data.augment import augment


class Plane(NamedTuple):
    """A normalised pair: `lr` (Y, X) and `hr` (sY, sX), float32."""

    lr: np.ndarray
    hr: np.ndarray


def crop(plane: Plane, y: int, x: int, size: int) -> Plane:
    """Cut the patch of `size` LR pixels a side whose first LR pixel is (y, x), in both images."""
    s = plane.hr.shape[0] // plane.lr.shape[0]
    return Plane(
        plane.lr[y : y + size, x : x + size],
        plane.hr[s * y : s * (y + size), s * x : s * (x + size)],
    )


def random_patches(
    planes: list[Plane], per_image: int, size: int, kinds: list[str], rng: np.random.Generator
) -> list[Plane]:
    """Draw one epoch of training patches.

    Parameters
    ----------
    planes : list of Plane
        The training images.
    per_image : int
        Patches from each image.
    size : int
        Side in LR pixels.
    kinds : list of str
        Augmentations, see `augment`.
    rng : numpy.random.Generator
        Draws positions, augmentations and order.

    Returns
    -------
    list of Plane
        In random order.
    """
    patches = []
    for plane in planes:
        height, width = plane.lr.shape
        for _ in range(per_image):
            y, x = rng.integers(height - size + 1), rng.integers(width - size + 1)
            patches.append(augment(*crop(plane, y, x, size), kinds, rng))
    return [Plane(*patches[index]) for index in rng.permutation(len(patches))]


def grid_patches(planes: list[Plane], size: int) -> list[Plane]:
    """Cut every image into as many whole patches as fit side by side: the same set at every epoch."""
    return [
        crop(plane, y, x, size)
        for plane in planes
        for y in range(0, plane.lr.shape[0] - size + 1, size)
        for x in range(0, plane.lr.shape[1] - size + 1, size)
    ]


def batch(patches: list[Plane]) -> tuple[np.ndarray, np.ndarray]:
    """Stack patches for the network: (N, H, W, 1) and (N, sH, sW, 1)."""
    return np.stack([p.lr for p in patches])[..., None], np.stack([p.hr for p in patches])[..., None]


def richest_crop(plane: Plane, size: int) -> Plane:
    """The crop, at most `size` LR pixels a side, whose LR part varies most: a sample that shows something."""
    size = min(size, *plane.lr.shape) // 2 * 2
    step = max(1, size // 4)
    places = [
        (y, x)
        for y in range(0, plane.lr.shape[0] - size + 1, step)
        for x in range(0, plane.lr.shape[1] - size + 1, step)
    ]
    return max((crop(plane, y, x, size) for y, x in places), key=lambda patch: float(np.std(patch.lr, dtype=float)))
