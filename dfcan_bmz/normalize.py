"""Intensities to about 0..1 and back, exactly as the bundle's ``scale_range`` does it."""

from typing import NamedTuple

import numpy as np

from dfcan_bmz.percentiles import percentiles

LOW_PERCENTILE = 0.1
HIGH_PERCENTILE = 99.9
WHOLE_PIXELS = 2**24  # larger planes are counted strip by strip, smaller ones sorted as a whole
EPS = 1e-6  # the value that bioimageio.core uses whatever a description says


class Scaling(NamedTuple):
    """Percentiles of one image and the linear map that they define.

    Attributes
    ----------
    low, high : float
        The 0.1st and the 99.9th percentile, in the image's units.
    """

    low: float
    high: float

    def apply(self, image: np.ndarray) -> np.ndarray:
        """Map `low` to 0 and `high` to (nearly) 1 without clipping; float32, shape kept."""
        return ((image.astype(np.float32) - self.low) / (self.high - self.low + EPS)).astype(np.float32)

    def undo(self, unit: np.ndarray) -> np.ndarray:
        """Map 0..1 back to `low`..`high`; float32, shape kept."""
        return (unit * (self.high - self.low + EPS) + self.low).astype(np.float32)


def scaling_of(image: np.ndarray) -> Scaling:
    """Scaling of one plane by its own linear percentiles; the plane is an array, or `Pixels` still in their file."""
    percents = (LOW_PERCENTILE, HIGH_PERCENTILE)
    if image.shape[0] * image.shape[1] > WHOLE_PIXELS:
        return Scaling(*percentiles(image, percents))
    low, high = np.percentile(np.asarray(image), percents)
    return Scaling(float(low), float(high))
