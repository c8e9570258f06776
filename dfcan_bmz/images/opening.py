"""Images from their files: opened with a clear refusal, their frames put together."""

from pathlib import Path

import numpy as np

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.known import open_any
from dfcan_bmz.formats.pixels import damage_named
from dfcan_bmz.images.frames import Frames, grouped
from dfcan_bmz.images.image import Image, in_memory

SINGLE = Frames()


def open_lazily(path: Path, frames: Frames = SINGLE) -> Image:
    """Open a grey-level image of any size, without reading its pixels.

    Parameters
    ----------
    path : pathlib.Path
        A TIFF (single image or stack), PNG, MRC, OME-Zarr, CZI, ND2 or LIF image, whatever its name ends in, 8- to
        64-bit integers or floating point.
    frames : Frames
        How its planes make up images.

    Returns
    -------
    Image
        Its `pixels` and `planes` are sliced like NumPy arrays and read what a slice needs; a slice that holds NaN or
        infinity, or a damaged part of the file, is refused when it is read.

    Raises
    ------
    DfcanError
        If the file is missing, truncated or otherwise damaged, or no grey-level image: colour, complex, boolean,
        several channels that are no frames, more than three axes; or if its planes are no whole number of images.
    """
    image = open_planes(path, frames)
    if "C" in image.axes:
        raise DfcanError(f"{path} has several channels: split them and give one file per channel")
    if len(image.axes) > 3:
        raise DfcanError(f"{path} has axes {image.axes}: give images (Y, X) or stacks (Z or T, Y, X)")
    return image


def open_planes(path: Path, frames: Frames = SINGLE) -> Image:
    """Open an image as `open_lazily` does, also one of several channels or stacks, as independent planes."""
    if path.is_symlink() and not path.exists():
        raise DfcanError(f"{path} is a link to {path.readlink()}, which is not there: fetch that file, or leave it out")
    if not path.exists():
        raise DfcanError(f"{path} does not exist: check the path")
    if not (path.is_file() or path.is_dir()):
        raise DfcanError(f"{path} is a pipe or a device: give a file")
    with damage_named(path):
        image = Image(path, *open_any(path))
    if 0 in image.pixels.shape:
        raise DfcanError(f"{path} has no pixels (its shape is {image.pixels.shape}): export it again, or leave it out")
    dtype = image.pixels.dtype
    if np.issubdtype(dtype, np.complexfloating):
        raise DfcanError(f"{path} holds complex numbers: save its magnitude as a float image")
    if not (np.issubdtype(dtype, np.integer) or np.issubdtype(dtype, np.floating)):
        raise DfcanError(f"{path} is a {dtype} image (a mask?): give the grey-level image")
    return grouped(image, frames)


def read(path: Path, frames: Frames = SINGLE) -> Image:
    """Read a grey-level image into memory; see `open_lazily` for what is read and what is refused."""
    return in_memory(open_lazily(path, frames))
