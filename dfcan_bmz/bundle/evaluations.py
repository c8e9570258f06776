"""Evaluations that a run folder keeps: ``RUN/evaluation/NAME``, each written by ``dfcan-bmz evaluate``.

A card's figures come from here, not from typing.
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dfcan_bmz import run_folder
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.evaluation.measure import Facts
from dfcan_bmz.evaluation.score import BASELINES, Score, chief_protocol, read_rows
from dfcan_bmz.evaluation.statistics import Interval, resamples, summarise

WORST = "worst.png"


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
    worst : pathlib.Path or None
        Picture of the image with the lowest PSNR.
    """

    name: str
    images: int
    fields: int
    outside: int
    rows: list[MethodMeans]
    worst: Path | None

    @property
    def plain_name(self) -> str:
        """A name that links in Markdown and, in lower case, identifiers of the spec may have."""
        return re.sub("[^A-Za-z0-9_.-]", "-", self.name)

    @property
    def picture(self) -> str:
        """File of a bundle that shows the worst image."""
        return f"worst_{self.plain_name}.png"


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
    worst = folder / WORST
    outside = sum("outside what" in fact.remarks for fact in facts)
    return Evaluation(folder.name, len(facts), count, outside, rows, worst if worst.is_file() else None)
