"""Every pair of a test set through every method: scores, facts about each image, and the worst cases to look at."""

from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from dfcan_bmz.data.pairs import AS_PAIRED, Pair, open_pair
from dfcan_bmz.data.planes import comparable
from dfcan_bmz.domain import outside_domain
from dfcan_bmz.evaluation.score import Baselines, Score, chief_protocol, predictions, score_image
from dfcan_bmz.fingerprint import signal_to_noise
from dfcan_bmz.images import Frames, mean_frame
from dfcan_bmz.metrics import MOST_SCALES, ms_ssim_scales
from dfcan_bmz.model import Model

WORST = 6  # cases that are kept with their images


class EvaluatedPlane(NamedTuple):
    """A plane of the test set.

    `frames` (Y, X) or (frames, Y, X) and `hr` (sY, sX) are in their own units, `pixel_size_nm` is that of `lr`, and of
    `phases` neighbouring frames the stripes have one orientation.
    """

    name: str
    pair: str
    field: str
    level: str
    pixel_size_nm: float | None
    frames: np.ndarray
    hr: np.ndarray
    phases: int = 1

    @property
    def lr(self) -> np.ndarray:
        """(Y, X): the mean of the frames, a widefield image."""
        return mean_frame(self.frames)

    @property
    def hr_pixel_nm(self) -> float | None:
        """Side of a pixel of `hr` in nanometres."""
        return self.pixel_size_nm and self.pixel_size_nm * self.lr.shape[0] / self.hr.shape[0]


class Facts(NamedTuple):
    """One row of ``images.csv``; `remarks` say what is unusual about an image, `seen` where the training met it."""

    image: str
    field: str
    level: str
    signal_to_noise: float
    seen: str
    remarks: str


class Case(NamedTuple):
    """A plane with its predictions by method, (sY, sX) in the units of `plane.lr`; `psnr`: its worst model."""

    plane: EvaluatedPlane
    psnr: float
    predicted: dict[str, np.ndarray]


class Measured(NamedTuple):
    """What came of a test set.

    Attributes
    ----------
    scores, facts : list
        Of every image.
    worst : list of Case
        The worst one first.
    series : list of Case
        The first unseen field, once a light level.
    hr_pixels_nm : dict of str to float or None
        Side of an HR pixel of each image in nanometres; None where it is not known.
    """

    scores: list[Score]
    facts: list[Facts]
    worst: list[Case]
    series: list[Case]
    hr_pixels_nm: dict[str, float | None]


def worst_first(psnr: float) -> tuple[bool, float]:
    """Key by which images are ranked: NaN is the worst of all."""
    return not np.isnan(psnr), psnr


def planes_of(
    pairs: dict[Pair, list[int]],
    scale: int,
    target: str,
    levels: dict[str, str],
    frames: Frames = AS_PAIRED,
    names: Container[str] | None = None,
) -> Iterator[EvaluatedPlane]:
    """Planes of pairs, read one by one.

    Parameters
    ----------
    pairs : dict of Pair to list of int
        Indices of the planes of each.
    scale : int
        Scale factor s.
    target : {"own", "input"}
        Whether HR images have intensities of their own.
    levels : dict of str to str
        Light levels by name of the pair, where known.
    frames : Frames
        How the LR files hold their images.
    names : container of str, optional
        Those of the planes that are read; left out, all.

    Yields
    ------
    EvaluatedPlane
        Names of planes of stacks count from 1: ``stack[1]``.
    """
    for pair, indices in pairs.items():
        lr, hr = open_pair(pair, scale, frames)
        for index in indices:
            name = pair.name if lr.axes == "YX" else f"{pair.name}[{index + 1}]"
            if names is not None and name not in names:
                continue
            planes = comparable(lr.planes[index], hr.planes[index], target)
            yield EvaluatedPlane(
                name, pair.name, pair.fov, levels.get(pair.name, ""), lr.pixel_size_nm, *planes, lr.phases
            )


def measure(
    models: dict[str, Model], planes: Iterable[EvaluatedPlane], baselines: Baselines, target: str, seen: dict[str, str]
) -> Measured:
    """Score models and baselines on every plane.

    Parameters
    ----------
    models : dict of str to Model
        By the name that tables and figures have; all of one scale factor.
    planes : iterable of EvaluatedPlane
        The test set.
    baselines : Baselines
        Settings of the methods without learning.
    target : {"own", "input"}
        Whether HR images have intensities of their own: decides which protocols there are.
    seen : dict of str to str
        Pairs that the training has met, and where.
    """
    scores: list[Score] = []
    facts: list[Facts] = []
    worst: list[Case] = []
    series: list[Case] = []
    hr_pixels_nm: dict[str, float | None] = {}
    for plane in planes:
        predicted = predictions(models, plane.frames, baselines)
        scored = score_image(plane.name, plane.hr, predicted, target)
        scores += scored
        remarks = "; ".join(_remarks(plane, {name: predicted[name] for name in models}, models))
        snr = round(signal_to_noise(plane.lr), 2)
        facts.append(Facts(plane.name, plane.field, plane.level, snr, seen.get(plane.pair, ""), remarks))
        psnr = [row.value for row in scored if row.method in models and row[2:4] == (chief_protocol(target), "psnr")]
        case = Case(plane, min(psnr, key=worst_first), predicted)
        worst = sorted([*worst, case], key=lambda case: worst_first(case.psnr))[:WORST]
        hr_pixels_nm[plane.name] = plane.hr_pixel_nm
        if plane.level and not facts[-1].seen and _continues(series, plane):
            series.append(case)
    return Measured(scores, facts, worst, series, hr_pixels_nm)


def _continues(series: list[Case], plane: EvaluatedPlane) -> bool:
    """Whether a plane shows the field of a series at another light level; of a stack, one plane is enough."""
    return all(case.plane.field == plane.field and case.plane.level != plane.level for case in series)


def _remarks(plane: EvaluatedPlane, predicted: dict[str, np.ndarray], models: dict[str, Model]) -> Iterator[str]:
    for role, image in (("LR", plane.lr), ("HR", plane.hr)):
        if image.min() < 0:
            yield f"{role} image has negative pixels, down to {image.min():.4g}"
    if (scales := ms_ssim_scales(plane.hr.shape)) < MOST_SCALES:
        yield f"too small for MS-SSIM of {MOST_SCALES} scales: {scales} used"
    for name, image in predicted.items():
        if not np.isfinite(image).all():
            yield f"{name} predicts NaN"
        elif np.ptp(image) == 0:
            yield f"{name} predicts a constant image"
    told = set()
    for name, model in models.items():
        for reason in outside_domain(plane.lr, plane.pixel_size_nm, model.domain):
            if reason not in told:
                told.add(reason)
                yield f"outside what {name} was trained on: {reason}"
