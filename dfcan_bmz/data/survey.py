"""What one image is like: size, type, range, pixel size, and what is wrong with it."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from dfcan_bmz import images
from dfcan_bmz.data.sampling import block_means
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images import Image
from dfcan_bmz.normalize import scaling_of

MOST_SATURATED = 0.005  # share of pixels at the image's largest value; a picture has few, a clipped one many
THUMBNAIL_PX = 96


class Survey(NamedTuple):
    """One image.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    axes, shape, dtype : str, tuple of int, str
        As read; empty where it cannot be.
    smallest, largest : float
        Range of its pixels.
    saturated : float
        Share of pixels at the largest value.
    pixel_size_nm : float or None
        None where the file does not say.
    thumbnail : numpy.ndarray or None
        (y, x) float32, block means of the middle plane; None where it cannot be read.
    problems : tuple of str
        One line each.
    """

    path: Path
    axes: str = ""
    shape: tuple[int, ...] = ()
    dtype: str = ""
    smallest: float = np.nan
    largest: float = np.nan
    saturated: float = 0.0
    pixel_size_nm: float | None = None
    thumbnail: np.ndarray | None = None
    problems: tuple[str, ...] = ()


def survey(path: Path) -> Survey:
    """Look at one image, plane by plane; what is wrong with it is told, not raised."""
    try:
        image = images.open_lazily(path)
        return _survey(image)
    except DfcanError as error:
        return Survey(path, problems=(str(error),))


def _survey(image: Image) -> Survey:
    problems, extremes, at_top = [], [], []
    for index in range(len(image.planes)):
        plane = image.planes[index]
        extremes.append((plane.min(), plane.max()))
        at_top.append(np.count_nonzero(plane == extremes[-1][1]))
        if index == len(image.planes) // 2:
            thumbnail = block_means(plane, max(1, min(plane.shape) // THUMBNAIL_PX))
        try:
            images.refuse_flat(image, index, *scaling_of(plane))
        except DfcanError as error:
            problems.append(str(error))
    smallest, largest = min(low for low, _ in extremes), max(high for _, high in extremes)
    tops = sum(count for count, (_, high) in zip(at_top, extremes, strict=True) if high == largest)
    saturated = tops / np.prod(image.pixels.shape)
    if saturated > MOST_SATURATED and not problems:
        problems.append(
            f"{image.path}: {saturated:.1%} of its pixels are at its largest value, {largest:g}: saturated?"
        )
    return Survey(
        path=image.path,
        axes=image.axes,
        shape=image.pixels.shape,
        dtype=str(image.pixels.dtype),
        smallest=float(smallest),
        largest=float(largest),
        saturated=float(saturated),
        pixel_size_nm=image.pixel_size_nm,
        thumbnail=thumbnail,
        problems=tuple(problems),
    )
