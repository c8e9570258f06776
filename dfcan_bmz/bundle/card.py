"""The bundle's README, filled from the recipe and the run folder's own records."""

from pathlib import Path
from typing import NamedTuple

from dfcan_bmz.bundle.describe import channel_names
from dfcan_bmz.bundle.source import Source
from dfcan_bmz.evaluation.statistics import Interval
from dfcan_bmz.loss_words import describe_loss
from dfcan_bmz.models import MODELS, describe_model
from dfcan_bmz.normalize import HIGH_PERCENTILE, LOW_PERCENTILE
from dfcan_bmz.run_folder import best_row
from dfcan_bmz.templates import render

CAPTIONS = {  # alternative text and caption of each kind of picture
    "worst": (
        "LR, every method and HR",
        "The image of this set with the lowest PSNR; below, the framed region enlarged.",
    ),
    "uncertainty": (
        "LR, mean prediction, re-blurring error, disagreement and real error",
        "Its middle, with both maps of `dfcan-bmz trust`, made without the HR image, and the real error.",
    ),
}


class Figures(NamedTuple):
    """What the check of a bundle has measured, in units of the output (0..1).

    Attributes
    ----------
    engines : float
        Largest difference of any engine from the test tensor, from another engine, or from itself in other tiles.
    whole : float
        Largest difference between a whole image predicted at once and tile by tile.
    """

    engines: float
    whole: float

    @property
    def tolerance(self) -> float:
        """Ten times the difference of the engines, and no less than 1e-6: other processors differ too."""
        return float(f"{max(10 * self.engines, 1e-6):.1e}")


def card(source: Source, figures: Figures | None) -> str:
    """Markdown of the bundle's README; without `figures`, the draft that is checked."""
    recipe, config, history = source.recipe, source.config, source.history
    return render(
        "dfcan_bmz.bundle",
        "README.md.j2",
        recipe=recipe,
        channels=channel_names(config),
        tile=recipe.tile * source.enlarged,
        network=describe_model(config.model),
        reference=MODELS[config.model.name].reference,
        data=config.data,
        train=config.train,
        loss=describe_loss(config.train),
        start="" if config.train.init == "none" else Path(config.train.init).name,
        scale=config.model.scale,
        target=config.data.target,
        halo=source.halo,
        low=LOW_PERCENTILE,
        high=HIGH_PERCENTILE,
        provenance=source.provenance,
        history=history,
        best=best_row(history),
        evaluations=[(evaluation, recipe.title(evaluation.name)) for evaluation in source.evaluations],
        intervals=any(row.psnr.low is not None for evaluation in source.evaluations for row in evaluation.rows),
        cell=_cell,
        captions=CAPTIONS,
        error_bar=source.error_bar,
        percent=lambda share: f"{100 * share:.0f} %",
        figures=figures,
        minutes=source.training_s / 60,
    )


def _cell(value: Interval, digits: int) -> str:
    """A mean and, where there are enough fields of view, its 95 % interval."""
    mean = f"{value.mean:.{digits}f}"
    return mean if value.low is None else f"{mean} ({value.low:.{digits}f} to {value.high:.{digits}f})"
