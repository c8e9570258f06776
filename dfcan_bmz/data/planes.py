"""Planes of a training set: normalised when they are cut, so that the set stays on disk however large it is."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dfcan_bmz import flaws
from dfcan_bmz.data.sampling import signal_map
from dfcan_bmz.formats.pixels import Pixels, Sliced
from dfcan_bmz.images import Image
from dfcan_bmz.normalize import Scaling, held_by_float32, scaling_of, within_float32


class Normalized:
    """A plane of which each slice comes normalised, float32.

    Parameters
    ----------
    pixels : numpy.ndarray or Pixels
        (Y, X) or (frames, Y, X) in its own units, in memory or in a file.
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
    lr, hr : numpy.ndarray or whatever slices like one
        (Y, X) or (frames, Y, X), and (sY, sX); slices are float32. `dfcan_bmz.data.enlarged` has pairs of one size.
    signal : numpy.ndarray or None
        See `dfcan_bmz.data.sampling.signal_map`; None where patches are drawn evenly.
    position : int
        Index of the plane in its stack.
    phases : int
        Of so many neighbouring frames the stripes have one orientation; 1 where there are none.
    """

    lr: Sliced
    hr: Sliced
    signal: np.ndarray | None = None
    position: int = 0
    phases: int = 1


def prepare(
    lr: Image,
    hr: Image,
    target: str,
    tell: Callable[[str], None] = lambda line: None,
    background_cut: float = 0.0,
) -> list[Plane]:
    """Planes of a pair, ready to be cut into patches; each is read once, for its percentiles and its signal.

    Parameters
    ----------
    lr, hr : Image
        Opened lazily or read.
    target : {"own", "input"}
        Whether the HR image is scaled by its own percentiles (another instrument made it) or by those of the LR
        image (both share one intensity scale).
    tell : callable
        Gets a line on planes of a stack that cannot be normalised and are left out.
    background_cut : float
        Share of the HR plane's range, from below, that becomes 0; what is above spans 0..1.

    Returns
    -------
    list of Plane
        Of the LR image unclipped, of the HR image clipped to [0, 1].

    Raises
    ------
    DfcanError
        If a file is damaged, or no plane is left: constant, with NaN or infinity.
    """
    scale = hr.pixels.shape[-1] // lr.pixels.shape[-1]
    lr_scalings, (hr_scalings, signals) = flaws.scalings_of(lr), _scalings_and_signals(hr, scale)
    sound, lines = flaws.sound_planes(lr, hr, lr_scalings, hr_scalings)
    for line in lines:
        tell(line)
    planes = []
    for index in sound:
        scaling = (lr_scalings[index] if target == "input" else hr_scalings[index]).above(background_cut)
        lr_plane, hr_plane = Normalized(lr.plane(index), lr_scalings[index], False), hr.plane(index)
        planes.append(Plane(lr_plane, Normalized(hr_plane, scaling, True), signals[index], index, lr.phases))
    return planes


def _scalings_and_signals(hr: Image, scale: int) -> tuple[list[Scaling], list[np.ndarray | None]]:
    """Of each plane of an HR image, which is read once; no signal where the plane cannot be normalised."""
    scalings: list[Scaling] = []
    signals: list[np.ndarray | None] = []
    for pixels, scaling in flaws.read_planes(hr):
        scalings.append(scaling)
        if pixels is None or scaling.flaw:
            signals.append(None)
        else:
            signals.append(signal_map(within_float32(pixels, scaling), scale))
    return scalings, signals


def comparable(lr: np.ndarray, hr: np.ndarray, target: str) -> tuple[np.ndarray, np.ndarray]:
    """A pair of planes as float32 can hold it: normalised, by one scaling if `target` is "input", where it must be."""
    scalings = scaling_of(lr), scaling_of(hr)
    if all(held_by_float32(plane.dtype, own) for plane, own in zip((lr, hr), scalings, strict=True)):
        return lr, hr
    return scalings[0].apply(lr), scalings[target == "own"].apply(hr)
