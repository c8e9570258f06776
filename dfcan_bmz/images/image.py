"""A grey-level micrograph: opened with a clear refusal, judged by its range."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.calibration import UNKNOWN, Calibration
from dfcan_bmz.formats.known import open_any
from dfcan_bmz.formats.pixels import Pixels, damage_named


@dataclass(frozen=True)
class Image:
    """A grey-level micrograph.

    Attributes
    ----------
    path : pathlib.Path
        Where it was read.
    pixels : numpy.ndarray or Pixels
        (Y, X) or (T/Z, Y, X) intensities; in memory after `read`, in the file after `open_lazily`.
    axes : str
        ``"YX"``, ``"ZYX"`` or ``"TYX"``.
    calibration : Calibration
        Distances of its pixels, planes and frames, and its origin, as far as the file tells.
    leading : tuple of int
        Lengths of the axes before Y and X in the file; `open_planes` finds several, as in ``"TCYX"``, whose planes
        are one axis of `pixels`.
    notes : tuple of str
        What the file's metadata could not tell, a line each, for people.
    """

    path: Path
    pixels: np.ndarray | Pixels
    axes: str
    calibration: Calibration = UNKNOWN
    leading: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def planes(self) -> np.ndarray | Pixels:
        """(N, Y, X): a single image is a stack of one."""
        if isinstance(self.pixels, Pixels):
            return self.pixels.as_stack()
        return self.pixels.reshape(-1, *self.pixels.shape[-2:])

    @property
    def size(self) -> tuple[int, int]:
        """(Y, X): height and width of a plane."""
        height, width = self.pixels.shape[-2:]
        return height, width

    def plane(self, index: int) -> np.ndarray | Pixels:
        """(Y, X): one of `planes`, where the image is: in memory or in its file."""
        planes = self.planes
        return planes.plane(index) if isinstance(planes, Pixels) else planes[index]

    @property
    def pixel_size_nm(self) -> float | None:
        """Width of a pixel in nanometres, None where the file does not say."""
        return self.calibration.x_nm


def open_lazily(path: Path) -> Image:
    """Open a grey-level image of any size, without reading its pixels.

    Parameters
    ----------
    path : pathlib.Path
        A TIFF (single image or stack), PNG, MRC, OME-Zarr, CZI, ND2 or LIF image, whatever its name ends in, 8- to
        64-bit integers or floating point.

    Returns
    -------
    Image
        Its `pixels` and `planes` are sliced like NumPy arrays and read what a slice needs; a slice that holds NaN or
        infinity, or a damaged part of the file, is refused when it is read.

    Raises
    ------
    DfcanError
        If the file is missing, truncated or otherwise damaged, or no grey-level image: colour, complex, boolean,
        several channels, more than three axes.
    """
    image = open_planes(path)
    if "C" in image.axes:
        raise DfcanError(f"{path} has several channels: split them and give one file a channel")
    if len(image.axes) > 3:
        raise DfcanError(f"{path} has axes {image.axes}: give images (Y, X) or stacks (Z or T, Y, X)")
    return image


def open_planes(path: Path) -> Image:
    """Open an image as `open_lazily` does, also one of several channels or stacks, as independent planes."""
    if not path.exists():
        raise DfcanError(f"{path} does not exist: check the path")
    if not (path.is_file() or path.is_dir()):
        raise DfcanError(f"{path} is a pipe or a device: give a file")
    with damage_named(path):
        image = Image(path, *open_any(path))
    dtype = image.pixels.dtype
    if np.issubdtype(dtype, np.complexfloating):
        raise DfcanError(f"{path} holds complex numbers: save its magnitude as a float image")
    if not (np.issubdtype(dtype, np.integer) or np.issubdtype(dtype, np.floating)):
        raise DfcanError(f"{path} is a {dtype} image (a mask?): give the grey-level image")
    return image


def read(path: Path) -> Image:
    """Read a grey-level image into memory; see `open_lazily` for what is read and what is refused."""
    return in_memory(open_lazily(path))


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
