"""A grey-level micrograph and its planes."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dfcan_bmz.formats.calibration import UNKNOWN, Calibration
from dfcan_bmz.formats.pixels import Pixels


@dataclass(frozen=True)
class Image:
    """A grey-level micrograph.

    Attributes
    ----------
    path : pathlib.Path
        Where it was read.
    pixels : numpy.ndarray or Pixels
        (Y, X) or (T/Z, Y, X) intensities; in memory after `read`, in the file after `open_lazily`. Where an image has
        several frames, they are an axis before Y and X.
    axes : str
        ``"YX"``, ``"ZYX"`` or ``"TYX"``, without the axis of frames.
    calibration : Calibration
        Distances of its pixels, planes and frames, and its origin, as far as the file tells.
    leading : tuple of int
        Lengths of the axes before Y and X in the file; `open_planes` finds several, as in ``"TCYX"``, whose planes
        are one axis of `pixels`.
    notes : tuple of str
        What the file's metadata could not tell, a line each, for people.
    frames : int
        Planes of the file that are one plane of the image, as `dfcan_bmz.images.frames.grouped` has put them together.
    phases : int
        Of so many neighbouring frames the stripes have one orientation; 1 where there are no stripes.
    """

    path: Path
    pixels: np.ndarray | Pixels
    axes: str
    calibration: Calibration = UNKNOWN
    leading: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    frames: int = 1
    phases: int = 1

    @property
    def planes(self) -> np.ndarray | Pixels:
        """(N, Y, X), or (N, frames, Y, X): a single image is a stack of one."""
        axes = 2 if self.frames == 1 else 3
        if isinstance(self.pixels, Pixels):
            return self.pixels.as_stack(axes)
        return self.pixels.reshape(-1, *self.pixels.shape[self.pixels.ndim - axes :])

    @property
    def stack(self) -> tuple[int, ...]:
        """Lengths of the axes before Y and X, without that of frames."""
        return self.pixels.shape[: len(self.pixels.shape) - self.planes.ndim + 1]

    @property
    def size(self) -> tuple[int, int]:
        """(Y, X): height and width of a plane."""
        height, width = self.pixels.shape[-2:]
        return height, width

    def plane(self, index: int) -> np.ndarray | Pixels:
        """(Y, X) or (frames, Y, X): one of `planes`, where the image is: in memory or in its file."""
        planes = self.planes
        return planes.plane(index) if isinstance(planes, Pixels) else planes[index]

    @property
    def pixel_size_nm(self) -> float | None:
        """Width of a pixel in nanometres, None where the file does not say."""
        return self.calibration.x_nm


def in_memory(image: Image) -> Image:
    """The image with its pixels read."""
    return replace(image, pixels=np.asarray(image.pixels))


def intensity_range(pixels: np.ndarray) -> float:
    """Range that relative noise and the "raw" peak signal refer to, in the image's own units.

    255 for 8-bit images, which fill their range; the span from the 0.1st to the 99.9th percentile for every other
    type, since 16-bit cameras rarely do.
    """
    if pixels.dtype == np.uint8:
        return 255.0
    low, high = np.percentile(pixels.astype(np.float64, copy=False), (0.1, 99.9))
    return float(high - low)
