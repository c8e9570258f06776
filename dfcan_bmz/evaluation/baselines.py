"""The baselines of a test set, tuned: a model that beats weak ones has shown nothing."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import numpy as np

from dfcan_bmz.data.patches import richest_crop
from dfcan_bmz.data.planes import Plane
from dfcan_bmz.evaluation.measure import EvaluatedPlane
from dfcan_bmz.evaluation.score import DECONVOLVED, SMOOTHED, Baselines, best_deconvolution, best_smoothing_px

TUNING_PLANES, TUNING_PX = 6, 96  # what the deconvolution is tuned on: planes, and side of their crops in LR pixels


def choose_baselines(
    planes: Callable[[], Iterable[EvaluatedPlane]],
    count: int,
    scale: int,
    target: str,
    smoothing_px: float | None,
    deconvolution: bool,
) -> tuple[Baselines, str]:
    """Choose the settings of the methods without learning.

    Parameters
    ----------
    planes : callable
        Begins the test set anew at each call.
    count : int
        How many planes it has.
    scale : int
        Scale factor s.
    target : {"own", "input"}
        Whether HR images have intensities of their own.
    smoothing_px : float or None
        Sigma of the smoothed bicubic as the validation images chose it; None to choose it on the test images, which
        favours this baseline.
    deconvolution : bool
        Whether there is a deconvolution; its settings are chosen on crops of the test images, in its favour.

    Returns
    -------
    baselines : Baselines
        The settings.
    told : str
        What they are and how they came about, for a report.
    """
    chosen_on = "the validation images"
    if smoothing_px is None:
        smoothing_px = best_smoothing_px(((plane.lr, plane.hr) for plane in planes()), scale, target)
        chosen_on = "the test images themselves, in its favour"
    told = (
        f"“{SMOOTHED}”: Gaussian of {smoothing_px:g} LR px before bicubic interpolation, sigma chosen on {chosen_on}."
    )
    if not deconvolution:
        return Baselines(smoothing_px, None), told
    settings = best_deconvolution(_crops(planes(), count), scale, target)
    told += (
        f" “{DECONVOLVED}”: Richardson-Lucy after bicubic interpolation, Gaussian PSF of {settings.sigma_px:g} LR px, "
        f"{settings.iterations} iterations, both chosen on crops of the test images themselves, in its favour."
    )
    return Baselines(smoothing_px, settings), told


def _crops(planes: Iterable[EvaluatedPlane], count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Crops of `TUNING_PLANES` of the planes, from the first to the last; one plane at a time is in memory."""
    chosen = {index * count // TUNING_PLANES for index in range(TUNING_PLANES)}
    for index, plane in enumerate(islice(planes, max(chosen) + 1)):
        if index in chosen:
            crop = richest_crop(Plane(plane.lr, plane.hr), TUNING_PX)
            yield crop.lr, crop.hr
