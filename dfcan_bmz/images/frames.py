"""Several planes of a file that are one image: raw frames of structured illumination, time points, focal planes.

::

    plane of the file    0  1  2  3  4  5  6  7  8    9 10 11 ...
    order ZAP            image 0                      image 1
                         angle 0 | angle 1 | angle 2  angle 0 ...

An image of several frames has them as an axis before Y and X: by angle, then by phase.
"""

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.pixels import Pixels
from dfcan_bmz.images.image import Image


class Frames(NamedTuple):
    """How the planes of a file make up images.

    Attributes
    ----------
    number : int
        Frames of an image.
    order : str
        How planes follow each other on one axis of the file: Z (images), A (angles) and P (phases), the one that
        changes fastest last.
    angles : int
        Orientations of the stripes; 0 where frames have none, as time points or focal planes.
    """

    number: int = 1
    order: str = "ZAP"
    angles: int = 3

    @property
    def phases(self) -> int:
        """Frames of one orientation of the stripes; 1 where there are none."""
        return self.number // self.angles if self.angles and self.number > 1 else 1


def grouped(image: Image, frames: Frames) -> Image:
    """Put frames together to images.

    Where the file tells several axes apart, and one of them has as many entries as there are frames, that axis is it
    (C before T before Z), and the others count images. Otherwise planes follow each other in the order of `frames`.

    Parameters
    ----------
    image : Image
        As `dfcan_bmz.images.open_planes` opens it, or read.
    frames : Frames
        What the planes of its file are.

    Raises
    ------
    DfcanError
        If the planes are no whole number of images.
    """
    if frames.number == 1:
        return image
    leading = image.leading or image.stack
    total = math.prod(leading)
    if total % frames.number:
        raise DfcanError(
            f"{image.path} has {total} planes, which are not whole images of {frames.number} frames: give all frames "
            "of each image, in one file"
        )
    numbers, axes, lengths = _numbers(image.axes[:-2], leading, frames)
    stack = image.planes
    pixels = stack.grouped(numbers) if isinstance(stack, Pixels) else stack[numbers]
    return replace(
        image,
        pixels=pixels,
        axes=f"{axes}YX",
        leading=lengths,
        calibration=image.calibration.of_axes(f"{axes}YX"),
        frames=frames.number,
        phases=frames.phases,
    )


def averaged(image: Image) -> Image:
    """The image with the mean of the frames of each of its planes."""
    if image.frames == 1:
        return image
    pixels = image.pixels
    mean = pixels.averaged() if isinstance(pixels, Pixels) else mean_frame(pixels)
    return replace(image, pixels=mean, frames=1, phases=1)


def mean_frame(plane: np.ndarray) -> np.ndarray:
    """Mean over the axis of frames: (..., Y, X) of (..., frames, Y, X); (Y, X), which has none, is its own."""
    if plane.ndim == 2:
        return plane
    return plane.mean(axis=-3, dtype=np.float64).astype(np.result_type(plane.dtype, np.float32))


def channels_last(plane: np.ndarray) -> np.ndarray:
    """(Y, X, frames), as networks take it, of (frames, Y, X), or of (Y, X), which is one frame."""
    return np.moveaxis(plane.reshape(-1, *plane.shape[-2:]), 0, -1)


def _numbers(axes: str, leading: tuple[int, ...], frames: Frames) -> tuple[np.ndarray, str, tuple[int, ...]]:
    """Numbers of the planes, (images, frames) or (frames); the axes of the images, and their lengths."""
    count, total = frames.number, math.prod(leading)
    numbers = np.arange(total).reshape(leading)
    named = [axis for axis in "CTZ" if axis in axes and len(axes) > 1 and leading[axes.index(axis)] == count]
    if named:
        place = axes.index(named[0])
        lengths = (*leading[:place], *leading[place + 1 :])
        return np.moveaxis(numbers, place, -1).reshape(-1, count), axes.replace(named[0], ""), lengths
    images = total // count
    sizes = {"Z": images, "A": max(1, frames.angles), "P": count // max(1, frames.angles)}
    if frames.order == "ZAP":  # whatever the angles are
        sizes |= {"A": 1, "P": count}
    laid_out = numbers.reshape([sizes[letter] for letter in frames.order])
    ordered = laid_out.transpose([frames.order.index(letter) for letter in "ZAP"]).reshape(images, count)
    return (ordered, "Z", (images,)) if images > 1 else (ordered[0], "", ())
