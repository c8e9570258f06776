"""Patches: the same crop from LR and HR, drawn at random for training and on a grid for validation."""

from collections.abc import Sequence
from typing import NamedTuple, overload

import numpy as np

from dfcan_bmz.data.augment import Orientation, draw_degrees, draw_orientation, margin_of, rotate, turn
from dfcan_bmz.data.planes import Plane
from dfcan_bmz.data.sampling import draw_corners
from dfcan_bmz.images import channels_last


class Place(NamedTuple):
    """Where a patch is: which plane, its first LR pixel, how it is turned, and by how many degrees before that."""

    plane: int
    y: int
    x: int
    orientation: Orientation = Orientation()
    degrees: float = 0.0


class Patch(NamedTuple):
    """The same crop of both images of a pair, in memory: (H, W) or (frames, H, W), and (sH, sW), float32."""

    lr: np.ndarray
    hr: np.ndarray


class Patches(Sequence[Patch]):
    """Patches of `size` LR pixels a side at places that are drawn already; each is cut when it is asked for."""

    def __init__(self, planes: list[Plane], places: list[Place], size: int) -> None:
        self.planes, self.places, self.size = planes, places, size

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, index: int) -> Patch: ...

    @overload
    def __getitem__(self, index: slice) -> "Patches": ...

    def __getitem__(self, index: int | slice) -> "Patch | Patches":
        if isinstance(index, slice):
            return Patches(self.planes, self.places[index], self.size)
        place = self.places[index]
        plane = self.planes[place.plane]
        patch = rotated(plane, place, self.size) if place.degrees else crop(plane, place.y, place.x, self.size)
        return Patch(turn(patch.lr, place.orientation, plane.phases), turn(patch.hr, place.orientation))


def rotated(plane: Plane, place: Place, size: int) -> Patch:
    """Cut the patch at `place`, rotated about its middle; HR pixels within 0..1 as all are."""
    margin = margin_of(size)
    window = crop(plane, place.y - margin, place.x - margin, size + 2 * margin)
    s = len(window.hr) // window.lr.shape[-1]
    hr = rotate(window.hr, place.degrees, s * margin)
    return Patch(rotate(window.lr, place.degrees, margin), np.clip(hr, 0, 1, out=hr))


def crop(plane: Plane, y: int, x: int, size: int) -> Patch:
    """Cut the patch of `size` LR pixels a side whose first LR pixel is (y, x), in both images."""
    s = plane.hr.shape[-2] // plane.lr.shape[-2]
    return Patch(
        plane.lr[..., y : y + size, x : x + size],
        plane.hr[s * y : s * (y + size), s * x : s * (x + size)],
    )


def random_patches(
    planes: list[Plane], per_image: int, size: int, kinds: Sequence[str], rng: np.random.Generator
) -> Patches:
    """Draw one epoch of training patches.

    Parameters
    ----------
    planes : list of Plane
        The training images; of those with a `signal`, patches are drawn where it varies.
    per_image : int
        Patches from each image.
    size : int
        Side in LR pixels.
    kinds : sequence of str
        Augmentations, see `draw_orientation`.
    rng : numpy.random.Generator
        Draws positions, augmentations and order.

    Returns
    -------
    Patches
        In random order.
    """
    places = []
    margin = margin_of(size) if "rotate" in kinds else 0
    window = size + 2 * margin
    for index, plane in enumerate(planes):
        height, width = plane.lr.shape[-2:]
        if plane.signal is None:
            bounds = (height - window + 1, width - window + 1)
            corners = [(int(y), int(x)) for y, x in (rng.integers(bounds) for _ in range(per_image))]
        else:
            corners = draw_corners(plane.signal, (height, width), window, per_image, rng)
        places += [
            Place(index, y + margin, x + margin, draw_orientation(kinds, rng, plane.phases), draw_degrees(kinds, rng))
            for y, x in corners
        ]
    return Patches(planes, [places[index] for index in rng.permutation(len(places))], size)


def grid_patches(planes: list[Plane], size: int, step: int | None = None) -> Patches:
    """Cut every image into all whole patches that begin `step` px apart, or side by side: the same set at every epoch.

    Sizes are in LR pixels.
    """
    step = step or size
    places = [
        Place(index, y, x)
        for index, plane in enumerate(planes)
        for y in range(0, plane.lr.shape[-2] - size + 1, step)
        for x in range(0, plane.lr.shape[-1] - size + 1, step)
    ]
    return Patches(planes, places, size)


def batch(patches: Sequence[Patch]) -> tuple[np.ndarray, np.ndarray]:
    """Stack patches for the network: (N, H, W, frames) and (N, sH, sW, 1)."""
    lr, hr = zip(*((channels_last(patch.lr), channels_last(patch.hr)) for patch in patches), strict=True)
    return np.stack(lr), np.stack(hr)


def richest_crop(plane: Plane, size: int) -> Patch:
    """The crop, at most `size` LR pixels a side, whose LR part varies most: a sample that shows something."""
    size = min(size, *plane.lr.shape[-2:]) // 2 * 2
    crops = grid_patches([plane], size, max(1, size // 4))
    return max(crops, key=lambda patch: float(np.std(patch.lr, dtype=float)))
