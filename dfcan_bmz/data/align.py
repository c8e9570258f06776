"""Pairs registered: the HR image is moved, both are cropped to what both show."""

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from dfcan_bmz import flaws, images
from dfcan_bmz.data.pairs import scale_between
from dfcan_bmz.data.registration import LEAST_AGREEMENT, Placement, agreement, find_affine, find_shift
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images import Image
from dfcan_bmz.normalize import within_float32

LEAST_MOVE_PX = 0.25  # HR pixels; less than that is how well a shift can be told
MOST_CROPPED = 0.25  # of a side of the image, at either end


class Move(NamedTuple):
    """What was done to one plane.

    Attributes
    ----------
    name : str
        Of the pair; of a stack with the number of the plane.
    down_px, right_px : float
        How far the content of the HR image lay from its place, in HR pixels.
    farthest_px : float
        The same for its worst corner.
    before, after : float
        Agreement of the pair, see `dfcan_bmz.data.registration.agreement`.
    moved : bool
        Whether the HR image was changed: not if it lay right, or if moving it made the agreement no better.
    """

    name: str
    down_px: float
    right_px: float
    farthest_px: float
    before: float
    after: float
    moved: bool


def align_pair(name: str, lr: Image, hr: Image, affine: bool) -> tuple[Image, Image, list[Move], list[str]]:
    """Register the planes of a pair.

    Parameters
    ----------
    name : str
        Of the pair.
    lr, hr : Image
        In memory or opened lazily.
    affine : bool
        Whether rotation, scaling and shear are corrected too.

    Returns
    -------
    lr, hr : Image
        In memory: the LR image cropped, its pixels untouched; the HR image moved and cropped.
    moves : list of Move
        One a plane that can be normalised.
    notes : list of str
        Lines on the others, which are blank.

    Raises
    ------
    DfcanError
        If the images do not show the same, or lie too far apart.
    """
    scale = scale_between(lr, hr)
    find = find_affine if affine else find_shift
    scalings = flaws.scalings_of(lr), flaws.scalings_of(hr)
    sound, notes = flaws.sound_planes(lr, hr, *scalings, "blank, and not aligned")
    lr, hr = (flaws.blanked(image, own) for image, own in zip((lr, hr), scalings, strict=True))
    planes, moves = list(np.asarray(hr.planes)), []
    for index in sound:
        small, large = (
            images.mean_frame(within_float32(image.planes[index], own[index]))
            for image, own in zip((lr, hr), scalings, strict=True)
        )
        planes[index], move = _align_plane(small, large, hr.planes[index], find(small, large))
        if move.after < LEAST_AGREEMENT:
            raise DfcanError(f"{lr.path} and {hr.path} show nothing in common: are they a pair?")
        moves.append(move._replace(name=name if len(lr.axes) == 2 else f"{name}[{index + 1}]"))
    farthest = max((move.farthest_px for move in moves if move.moved), default=0.0)
    margin = math.ceil(farthest / scale)
    if margin > MOST_CROPPED * min(lr.pixels.shape[-2:]):
        raise DfcanError(f"{hr.path} lies {farthest:.0f} HR px away from {lr.path}: crop both to the same field first")
    hr_pixels = np.stack(planes).reshape(hr.pixels.shape)
    return (
        _cropped(replace(lr, pixels=np.asarray(lr.pixels)), margin),
        _cropped(replace(hr, pixels=hr_pixels), margin * scale),
        moves,
        notes,
    )


def _cropped(image: Image, margin: int) -> Image:
    height, width = image.size
    pixels = image.pixels[..., margin : height - margin, margin : width - margin]
    return replace(image, pixels=pixels, calibration=image.calibration.cropped(margin, margin))


def _align_plane(lr: np.ndarray, hr: np.ndarray, pixels: np.ndarray, placement: Placement) -> tuple[np.ndarray, Move]:
    """Evaluate a placement on both planes, and move the HR plane's pixels."""
    farthest = placement.farthest(hr.shape)
    before, after = agreement(lr, hr), agreement(lr, hr, placement)
    moved = farthest >= LEAST_MOVE_PX and after > before
    down, right = map(float, placement.shift)
    move = Move("", down, right, farthest, before, after if moved else before, moved)
    return placement.corrected(pixels) if moved else pixels, move
