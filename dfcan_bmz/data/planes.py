"""Planes of a training set: normalised when they are cut, so that the set stays on disk however large it is."""

from typing import Any, NamedTuple

import numpy as np

from dfcan_bmz import images
from dfcan_bmz.data.sampling import signal_map
from dfcan_bmz.formats.pixels import Pixels
from dfcan_bmz.images import Image
from dfcan_bmz.normalize import Scaling, scaling_of


class Normalized:
    """A plane of which each slice comes normalised, float32.

    Parameters
    ----------
    pixels : numpy.ndarray or Pixels
        (Y, X) in its own units, in memory or in a file.
    scaling : Scaling
        The linear map to about 0..1.
    clip : bool
        Whether values outside [0, 1] are cut off, as those of a target are.
    """

    def __init__(self, pixels: np.ndarray | Pixels, scaling: Scaling, clip: bool) -> None:
        self.pixels, self.scaling, self.clip = pixels, scaling, clip
        self.shape = pixels.shape

    def __getitem__(self, key: Any) -> np.ndarray:
        unit = self.scaling.apply(self.pixels[key])
        return np.clip(unit, 0, 1, out=unit) if self.clip else unit


class Plane(NamedTuple):
    """A normalised pair, and where something is to be seen in it.

    Attributes
    ----------
    lr, hr : numpy.ndarray or Normalized
        (Y, X) and (sY, sX); slices are float32. `dfcan_bmz.data.enlarged` has pairs of one size.
    signal : numpy.ndarray or None
        See `dfcan_bmz.data.sampling.signal_map`; None where patches are drawn evenly.
    """

    lr: np.ndarray | Normalized
    hr: np.ndarray | Normalized
    signal: np.ndarray | None = None


def prepare(lr: Image, hr: Image, target: str) -> list[Plane]:
    """Planes of a pair, ready to be cut into patches; each is read once, for its percentiles and its signal.

    Parameters
    ----------
    lr, hr : Image
        Opened lazily or read.
    target : {"own", "input"}
        Whether the HR image is scaled by its own percentiles (another instrument made it) or by those of the LR
        image (both share one intensity scale).

    Returns
    -------
    list of Plane
        Of the LR image unclipped, of the HR image clipped to [0, 1].

    Raises
    ------
    DfcanError
        If a plane is damaged, constant, or holds NaN or infinity.
    """
    planes = []
    for index in range(len(lr.planes)):
        lr_pixels, hr_pixels = lr.planes[index], hr.planes[index]
        scaling = scaling_of(lr_pixels)
        hr_own = scaling_of(hr_pixels)
        images.refuse_flat(lr, index, *scaling)
        images.refuse_flat(hr, index, *hr_own)
        hr_scaling = scaling if target == "input" else hr_own
        signal = signal_map(hr_pixels, hr_pixels.shape[0] // lr_pixels.shape[0])
        planes.append(
            Plane(Normalized(_kept(lr, index), scaling, False), Normalized(_kept(hr, index), hr_scaling, True), signal)
        )
    return planes


def _kept(image: Image, index: int) -> np.ndarray | Pixels:
    """A plane where the image is: in memory or in its file."""
    return image.planes.plane(index) if isinstance(image.planes, Pixels) else image.planes[index]
