"""Intensities to about 0..1 and back, exactly as the bundle's ``scale_range`` does it."""

from typing import NamedTuple

import numpy as np

LOW_PERCENTILE = 0.1
HIGH_PERCENTILE = 99.9
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
    """Scaling of one plane by its own linear percentiles."""
    low, high = np.percentile(image, (LOW_PERCENTILE, HIGH_PERCENTILE))
    return Scaling(float(low), float(high))


def normalize_pair(lr: np.ndarray, hr: np.ndarray, target: str) -> tuple[np.ndarray, np.ndarray]:
    """Normalise one training pair.

    Parameters
    ----------
    lr, hr : numpy.ndarray
        (Y, X) and (sY, sX), any numeric type.
    target : {"own", "input"}
        Whether the HR image is scaled by its own percentiles (another instrument made it) or by those of the LR
        image (both share one intensity scale).

    Returns
    -------
    tuple of numpy.ndarray
        float32: the LR image unclipped, the HR image clipped to [0, 1].
    """
    scaling = scaling_of(lr)
    hr_scaling = scaling if target == "input" else scaling_of(hr)
    return scaling.apply(lr), np.clip(hr_scaling.apply(hr), 0, 1)
