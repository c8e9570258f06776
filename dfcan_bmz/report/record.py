"""The record of a run: all that a methods section, or oneself a year later, wants to know, in one page."""

from pathlib import Path
from typing import Any

import numpy as np

from dfcan_bmz.config import Config
from dfcan_bmz.evaluation.means import Means
from dfcan_bmz.evaluation.warnings import seen_warning
from dfcan_bmz.loss_words import describe_loss
from dfcan_bmz.models import MODELS, describe_model
from dfcan_bmz.report.curves import plot_history
from dfcan_bmz.report.embed import embed
from dfcan_bmz.report.side_by_side import plot_side_by_side
from dfcan_bmz.run_folder import Row, best_row
from dfcan_bmz.templates import render

AUGMENTATIONS = {
    "hflip": "flips from left to right",
    "vflip": "flips upside down",
    "rot90": "rotations by multiples of 90 degrees",
    "rotate": "rotations by any angle, of half of the patches",
}


def write_record(
    path: Path,
    name: str,
    config: Config,
    provenance: dict[str, Any],
    history: list[Row],
    sample: tuple[np.ndarray, np.ndarray],
    evaluated: Means | None,
) -> None:
    """Write a self-contained HTML page; printed from a browser it becomes a PDF.

    Parameters
    ----------
    path : pathlib.Path
        The file to write.
    name : str
        Name of the model.
    config, provenance, history
        The run's own records.
    sample : tuple of numpy.ndarray
        LR (Y, X) and HR (sY, sX) crop of a validation image.
    evaluated : Means or None
        Of an evaluation; None where there was none.
    """
    means = evaluated.values if evaluated else {}
    html = render(
        "dfcan_bmz.report",
        "record.html.j2",
        name=name,
        network=describe_model(config.model),
        reference=MODELS[config.model.name].reference,
        settings=config.model_dump(mode="json"),
        train=config.train,
        loss=describe_loss(config.train),
        data=config.data,
        augmentations=[AUGMENTATIONS[name] for name in config.data.augment],
        provenance=provenance,
        history=history,
        best=best_row(history),
        minutes=sum(row["seconds"] for row in history) / 60,
        curves=embed(plot_history(history), 80),
        sample=embed(plot_side_by_side({"low resolution": sample[0], "high resolution": sample[1]}), 80),
        means=means,
        rows=list(dict.fromkeys((protocol, method) for protocol, method, _ in means)),
        metrics=list(dict.fromkeys(metric for *_, metric in means)),
        images=len(evaluated.fields) if evaluated else 0,
        fields=len(set(evaluated.fields.values())) if evaluated else 0,
        warnings=list(seen_warning(evaluated.facts)) if evaluated else [],
    )
    path.write_text(html, encoding="utf-8")
