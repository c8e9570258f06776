"""What one image is like: size, type, range, pixel size, and what is wrong with it."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from dfcan_bmz import flaws, images
from dfcan_bmz.data.sampling import block_means
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images import UNKNOWN, Calibration, Image
from dfcan_bmz.normalize import Scaling, within_float32

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
    calibration : Calibration
        As far as the file tells it.
    thumbnail : numpy.ndarray or None
        (y, x) float32, block means of the soundest plane next to the middle; None where there is none.
    problems, notes : tuple of str
        One line each; notes are what the file's metadata could not tell.
    """

    path: Path
    axes: str = ""
    shape: tuple[int, ...] = ()
    dtype: str = ""
    smallest: float = np.nan
    largest: float = np.nan
    saturated: float = 0.0
    calibration: Calibration = UNKNOWN
    thumbnail: np.ndarray | None = None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def pixel_size_nm(self) -> float | None:
        """Width of a pixel in nanometres, None where the file does not say."""
        return self.calibration.x_nm


def survey(path: Path) -> Survey:
    """Look at one image, plane by plane; what is wrong with it is told, not raised."""
    try:
        return _survey(images.open_lazily(path))
    except DfcanError as error:
        return Survey(path, problems=(str(error),))


def _thumbnail(image: Image, scalings: list[Scaling]) -> np.ndarray | None:
    known = [index for index, scaling in enumerate(scalings) if np.isfinite(scaling.low)]
    if not known:
        return None
    index = min(known, key=lambda index: (bool(scalings[index].flaw), abs(index - len(scalings) // 2)))
    plane = image.planes[index]
    return block_means(within_float32(plane, scalings[index]), max(1, min(plane.shape) // THUMBNAIL_PX))


def _problems(image: Image, scalings: list[Scaling]) -> list[str]:
    try:
        flaws.refuse_flawed(image.path, scalings)
    except DfcanError as error:
        return [str(error)]
    return flaws.told(image.path, scalings, "unfit")


def _survey(image: Image) -> Survey:
    scalings, extremes, at_top = [], [], []
    for plane, scaling in flaws.read_planes(image):
        scalings.append(scaling)
        if plane is not None:
            extremes.append((plane.min(), plane.max()))
            at_top.append(np.count_nonzero(plane == extremes[-1][1]))
    problems = _problems(image, scalings)
    smallest = min((low for low, _ in extremes), default=np.nan)
    largest = max((high for _, high in extremes), default=np.nan)
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
        calibration=image.calibration,
        thumbnail=_thumbnail(image, scalings),
        problems=tuple(problems),
        notes=image.notes,
    )
