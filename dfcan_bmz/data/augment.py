"""Flips and rotations, alike for both images of a pair: by right angles, which are exact, and by any, interpolated.

The stripes of raw SIM frames have the orientations and phase steps of their microscope. A flip or a quarter turn gives
other orientations, which no image of it has. Half a turn leaves them, and reverses the phases: cos(k x + p) becomes
cos(k x - p). With the frames of each orientation in reverse order, the phase steps are those of the microscope again.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import ndimage

SPLINE = 3  # order of the interpolation; a lower one blurs more
SPLINE_PX = 2  # that it reaches


class Orientation(NamedTuple):
    """How a patch is turned: flipped first, then rotated by `quarters` of a full turn."""

    flip_x: bool = False
    flip_y: bool = False
    quarters: int = 0

    @property
    def keeps_stripes(self) -> bool:
        """Whether the stripes of an image have the orientations that they had: it is not turned, or by half."""
        return self.flip_x == self.flip_y and self.quarters % 2 == 0

    @property
    def reverses_phases(self) -> bool:
        """Whether it is half a turn."""
        return self.keeps_stripes and (self.quarters == 2) != self.flip_x


EVERY = [Orientation(flip_x, False, quarters) for quarters in range(4) for flip_x in (False, True)]


def draw_orientation(kinds: Sequence[str], rng: np.random.Generator, phases: int = 1) -> Orientation:
    """Draw an orientation.

    Parameters
    ----------
    kinds : sequence of {"hflip", "vflip", "rot90", "rotate"}
        A flip happens in half of the cases; a rotation is by 0, 90, 180 or 270 degrees.
    rng : numpy.random.Generator
        Draws the choices.
    phases : int
        Frames of one orientation of the stripes. Where there are several, `kinds` with which half a turn is possible
        give half a turn in half of the cases, and nothing else.
    """
    flip_x = "hflip" in kinds and rng.random() < 0.5
    flip_y = "vflip" in kinds and rng.random() < 0.5
    quarters = int(rng.integers(4)) if "rot90" in kinds else 0
    if phases == 1:
        return Orientation(flip_x, flip_y, quarters)
    half = quarters >= 2 if "rot90" in kinds else flip_x and {"hflip", "vflip"} <= set(kinds)
    return Orientation(quarters=2 * half)


def turn(patch: np.ndarray, orientation: Orientation, phases: int = 1) -> np.ndarray:
    """Turn a square patch, (H, H) or (frames, H, H); `phases` frames in a row have stripes of one orientation."""
    patch = patch[..., ::-1] if orientation.flip_x else patch
    patch = patch[..., ::-1, :] if orientation.flip_y else patch
    if orientation.reverses_phases:
        patch = reversed_phases(patch, phases)
    return np.rot90(patch, orientation.quarters, (-2, -1))


def draw_degrees(kinds: Sequence[str], rng: np.random.Generator) -> float:
    """Draw an angle: any in half of the cases, so that the others keep their pixels; 0 where "rotate" is no kind."""
    return float(rng.uniform(0, 360)) if "rotate" in kinds and rng.random() < 0.5 else 0.0


def margin_of(size: int) -> int:
    """Pixels around a patch of `size` px a side that it needs to be rotated by any angle."""
    return math.ceil(size * (math.sqrt(2) - 1) / 2) + SPLINE_PX


def rotate(window: np.ndarray, degrees: float, margin: int) -> np.ndarray:
    """Rotate a patch about its middle; (.., H + 2 margin, H + 2 margin) with what surrounds it to (.., H, H)."""
    turned = ndimage.rotate(window, degrees, axes=(-2, -1), reshape=False, order=SPLINE, mode="mirror")
    return turned[..., margin:-margin, margin:-margin]


def turned_back(image: np.ndarray, orientation: Orientation) -> np.ndarray:
    """Undo `turn` of images without frames, (..., Y, X)."""
    image = np.rot90(image, -orientation.quarters, (-2, -1))
    image = image[..., ::-1, :] if orientation.flip_y else image
    return image[..., ::-1] if orientation.flip_x else image


def reversed_phases(frames: np.ndarray, phases: int) -> np.ndarray:
    """Frames of each orientation of the stripes in reverse order; (frames, Y, X)."""
    return frames.reshape(-1, phases, *frames.shape[-2:])[:, ::-1].reshape(frames.shape)
