"""Is the disagreement between orientations an error bar? What share of the pixels has an error within it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dfcan_bmz.evaluation.trust import Disagreement
from dfcan_bmz.metrics import affine

ONE_SIGMA = 0.6827  # share of normally distributed errors within one standard deviation
STRUCTURE = 0.9  # quantile of the target above which a pixel shows structure
TINY = 1e-9  # a spread of zero covers an error of zero alone


class Coverage(NamedTuple):
    """Pixels by their error.

    Attributes
    ----------
    within, within_twice : float
        Shares of the pixels whose error is at most one or two spreads; 0.68 and 0.95 if the spread were the standard
        deviation of normally distributed errors.
    factor : float
        Spreads that 68 % of the errors are within.
    """

    within: float
    within_twice: float
    factor: float


class Multiples(NamedTuple):
    """Error of each pixel in units of its spread, and whether the target shows structure there; (sY, sX) both."""

    errors: np.ndarray
    structure: np.ndarray


def in_spreads(hr: np.ndarray, turned: Disagreement) -> Multiples:
    """Errors of the mean of all orientations, after a least-squares fit of gain and offset, in units of the spread.

    Parameters
    ----------
    hr : numpy.ndarray
        (sY, sX): truth.
    turned : Disagreement
        Of the predictions of the turned image; the spread is multiplied by the gain of the fit.
    """
    truth, fitted = affine(hr, turned.mean)
    gain = fitted.std() / (turned.mean.std() or 1.0)
    return Multiples(np.abs(truth - fitted) / (gain * turned.spread + TINY), truth > np.quantile(truth, STRUCTURE))


def coverage(multiples: Sequence[Multiples], structure: bool = False) -> Coverage:
    """Count the pixels of all images, or those that show structure."""
    errors = np.concatenate([one.errors[one.structure] if structure else one.errors.ravel() for one in multiples])
    return Coverage(float(np.mean(errors <= 1)), float(np.mean(errors <= 2)), float(np.quantile(errors, ONE_SIGMA)))
