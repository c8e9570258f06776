"""Is the disagreement between orientations an error bar? What share of the pixels has an error within it."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

ONE_SIGMA = 0.6827  # share of normally distributed errors within one standard deviation
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


class Orientations(NamedTuple):
    """One row of ``uncertainty.csv``: the middle of an image in every orientation, against the truth.

    The first figures say whether the disagreement is an error bar of the mean, as `Coverage` has them, of all pixels
    and of those that show structure. The others are of the image as it is, and of the mean.
    """

    image: str
    model: str
    within: float
    within_twice: float
    factor: float
    structure_within: float
    structure_within_twice: float
    structure_factor: float
    psnr: float
    ssim: float
    ensemble_psnr: float
    ensemble_ssim: float


def coverage(errors: np.ndarray, spreads: np.ndarray) -> Coverage:
    """Count the pixels whose error a spread covers.

    Parameters
    ----------
    errors, spreads : numpy.ndarray
        Of each pixel, of the same shape and in the same units, none of them negative.
    """
    multiples = errors / (spreads + TINY)
    return Coverage(
        float(np.mean(multiples <= 1)), float(np.mean(multiples <= 2)), float(np.quantile(multiples, ONE_SIGMA))
    )


def summaries(rows: Iterable[Orientations]) -> list[tuple[int, Orientations]]:
    """How many images each model has, and their means, of factors the median; models in order of appearance."""
    by_model: dict[str, list[Orientations]] = {}
    for row in rows:
        by_model.setdefault(row.model, []).append(row)
    return [(len(found), _mean(found)) for found in by_model.values()]


def _mean(rows: list[Orientations]) -> Orientations:
    figures = zip(Orientations._fields[2:], np.array([row[2:] for row in rows]).T, strict=True)
    return Orientations(
        "", rows[0].model, *(float((np.median if "factor" in name else np.mean)(values)) for name, values in figures)
    )
