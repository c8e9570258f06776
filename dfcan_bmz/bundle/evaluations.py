"""Evaluations that a run folder keeps: ``RUN/evaluation/NAME``, each written by ``dfcan-bmz evaluate``.

A card's figures come from here, not from typing.
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dfcan_bmz import run_folder
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.evaluation.coverage import Orientations, summaries
from dfcan_bmz.evaluation.measure import Facts
from dfcan_bmz.evaluation.score import BASELINES, Score, chief_protocol, read_rows
from dfcan_bmz.evaluation.statistics import Interval, resamples, summarise

PICTURES = "worst", "uncertainty"
TABLES = "metrics.csv", "images.csv", run_folder.UNCERTAINTY


class MethodMeans(NamedTuple):
    """Means over the fields of view; `model` is whether the method is the model itself."""

    protocol: str
    method: str
    model: bool
    psnr: Interval
    ssim: Interval


class Evaluation(NamedTuple):
    """A model on one set of images.

    Attributes
    ----------
    name : str
        Of its folder.
    images, fields : int
        Images that count, and fields of view among them.
    outside : int
        Images that lie outside of what the model was trained on.
    rows : list of MethodMeans
        By protocol, the chief one first, methods without learning before the model.
    pictures : dict of str to pathlib.Path
        Files by their names in a bundle: ``worst_NAME.png``, the image with the lowest PSNR by every method, and
        ``uncertainty_NAME.png``, how uncertain its prediction is; those that are there.
    orientations : (int, Orientations) or None
        Of how many images the uncertainty was mapped, and their means.
    """

    name: str
    images: int
    fields: int
    outside: int
    rows: list[MethodMeans]
    pictures: dict[str, Path]
    orientations: tuple[int, Orientations] | None

    @property
    def plain_name(self) -> str:
        """A name that links in Markdown and, in lower case, identifiers of the spec may have."""
        return _plain(self.name)


def read_evaluations(run: Path, target: str) -> list[Evaluation]:
    """Read every evaluation of a run folder, in order of their names.

    Parameters
    ----------
    run : pathlib.Path
        The run folder.
    target : {"own", "input"}
        Whether HR images have intensities of their own, which decides the chief protocol.

    Raises
    ------
    DfcanError
        If a folder is no evaluation, or holds no image that the training has not seen.
    """
    return [_read(folder, [chief_protocol(target), "min-max"]) for folder in run_folder.evaluations(run)]


def _read(folder: Path, protocols: list[str]) -> Evaluation:
    scores = read_rows(folder / "metrics.csv", Score)
    facts = [fact for fact in read_rows(folder / "images.csv", Facts) if not fact.seen]
    fields = {fact.image: fact.field for fact in facts}
    if not fields:
        raise DfcanError(f"{folder} contains only evaluations of training images: evaluate on others, or delete it")
    count = len(set(fields.values()))
    summary = summarise(scores, fields, resamples(count, np.random.default_rng(0)))
    try:
        rows = [
            MethodMeans(
                protocol, method, method not in BASELINES, *(summary[protocol, method, key] for key in ("psnr", "ssim"))
            )
            for protocol in protocols
            for method in dict.fromkeys(score.method for score in scores)
        ]
    except KeyError as error:
        raise DfcanError(f"{folder} has no PSNR or SSIM of {error}: evaluate the model again") from error
    pictures = {f"{kind}_{_plain(folder.name)}.png": folder / f"{kind}.png" for kind in PICTURES}
    turned = folder / run_folder.UNCERTAINTY
    return Evaluation(
        folder.name,
        len(facts),
        count,
        sum("outside what" in fact.remarks for fact in facts),
        rows,
        {name: path for name, path in pictures.items() if path.is_file()},
        summaries(read_rows(turned, Orientations))[0] if turned.is_file() else None,
    )


def _plain(name: str) -> str:
    return re.sub("[^A-Za-z0-9_.-]", "-", name)
