"""Intensities to about 0..1 and back, exactly as the bundle's ``scale_range`` does it."""

import math
from typing import NamedTuple

import numpy as np

from dfcan_bmz.formats.pixels import NotFiniteError, Pixels
from dfcan_bmz.percentiles import percentiles

LOW_PERCENTILE = 0.1
HIGH_PERCENTILE = 99.9
WHOLE_PIXELS = 2**24  # larger planes are counted strip by strip, smaller ones sorted as a whole
EPS = 1e-6  # the value that bioimageio.core uses whatever a description says
SMALLEST_SPAN = 1e-4  # of the intensities: EPS is to be a hundredth of it at most
LARGEST_UNIT = 1e12  # of a normalised pixel: the squares of a spectrum are to stay within float32
LARGEST_SPAN = 1e18  # that float32 can be computed with: squares, and pixels LARGEST_UNIT times as far off, are numbers
FEWEST_STEPS = 2**16  # of float32 across the span, as many as a 16-bit camera has grey levels


class Scaling(NamedTuple):
    """Percentiles of one plane, all its frames together, and the linear map that they define.

    Attributes
    ----------
    low, high : float
        The 0.1st and the 99.9th percentile, in the plane's units; both NaN where a pixel is not finite, both infinite
        where pixels lie farther apart than numbers reach.
    """

    low: float
    high: float

    def apply(self, image: np.ndarray) -> np.ndarray:
        """Map `low` to 0 and `high` to (nearly) 1 without clipping; float32, shape kept."""
        exact = image.astype(np.float64 if self.high - self.low > LARGEST_SPAN else working_type(image.dtype))
        return ((exact - self.low) / (self.high - self.low + EPS)).astype(np.float32)

    def undo(self, unit: np.ndarray) -> np.ndarray:
        """Map 0..1 back to `low`..`high`; float32, shape kept."""
        return (unit * (self.high - self.low + EPS) + self.low).astype(np.float32)

    def above(self, share: float) -> "Scaling":
        """The scaling that maps to 0 what this one maps to `share`, and the same to 1."""
        return Scaling(self.low + share * (self.high - self.low), self.high) if share else self

    @property
    def flaw(self) -> str:
        """Why a plane of these percentiles cannot be normalised; empty where it can."""
        if math.isnan(self.low):
            return "holds NaN or infinite pixels"
        if math.isinf(self.high):
            return f"holds pixels more than {LARGEST_UNIT:g} times as far off as its others span, or beyond all numbers"
        if self.low == self.high:
            return f"is constant ({self.low:g}) except for a few pixels at most"
        if self.high - self.low < SMALLEST_SPAN:
            return f"spans {self.high - self.low:.1g} only, which is nearly flat for the normalisation"
        return ""

    @property
    def float32_steps(self) -> float:
        """How many steps float32 makes from `low` to `high`; 0 where it does not reach as far."""
        largest = max(abs(self.low), abs(self.high), self.high - self.low)
        if not largest < float(np.finfo(np.float32).max):
            return 0.0
        return (self.high - self.low) / float(np.spacing(np.float32(max(abs(self.low), abs(self.high)))))


NOT_FINITE = Scaling(math.nan, math.nan)
TOO_FAR = Scaling(-math.inf, math.inf)


def working_type(dtype: np.dtype) -> type[np.floating]:
    """Type in which pixels of `dtype` are computed with: float32 where it holds each of them, else float64."""
    return np.float32 if np.can_cast(dtype, np.float32) else np.float64


def scaling_of(image: np.ndarray | Pixels) -> Scaling:
    """Scaling of one plane by its own linear percentiles.

    Parameters
    ----------
    image : numpy.ndarray or Pixels
        (Y, X) or (frames, Y, X), in memory or still in its file.

    Returns
    -------
    Scaling
        Its `flaw` says whether the plane can be normalised.
    """
    try:
        smallest, low, high, largest = _percentiles(image, (0, LOW_PERCENTILE, HIGH_PERCENTILE, 100))
    except NotFiniteError:
        return NOT_FINITE
    if not all(map(math.isfinite, (low, high, largest - smallest))):
        return TOO_FAR
    span = high - low + EPS
    if span > SMALLEST_SPAN and max(low - smallest, largest - high) / span > LARGEST_UNIT:
        return TOO_FAR
    return Scaling(low, high)


def _percentiles(image: np.ndarray | Pixels, percents: tuple[float, ...]) -> list[float]:
    if math.prod(image.shape) > WHOLE_PIXELS:
        return percentiles(image, percents)
    pixels = np.asarray(image)
    if not np.isfinite(pixels).all():
        raise NotFiniteError("the plane holds NaN or infinite pixels: replace them")
    if pixels.dtype == np.float16 or pixels.dtype.kind == "i":  # the difference of two pixels may lie beyond the type
        pixels = pixels.astype(np.float32 if pixels.dtype == np.float16 else np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # between two pixels that lie farther apart than numbers reach
        return [float(value) for value in np.percentile(pixels, percents)]


def within_float32(image: np.ndarray, scaling: Scaling) -> np.ndarray:
    """A picture whose detail float32 can hold: `image` itself, or, where it cannot, `image` normalised by `scaling`."""
    return image if held_by_float32(image.dtype, scaling) else scaling.apply(image)


def held_by_float32(dtype: np.dtype, scaling: Scaling) -> bool:
    """Whether float32 can hold the detail of a plane of this type."""
    held = working_type(dtype) == np.float32 or scaling.float32_steps >= FEWEST_STEPS
    return held and scaling.high - scaling.low <= LARGEST_SPAN
