"""What there is to say of the published models: of each what for, how large, how good, and where its pictures are."""

from pathlib import Path
from typing import Any, NamedTuple

from dfcan_bmz import published, run_folder
from dfcan_bmz.bundle.evaluations import Evaluation, MethodMeans, read_evaluations
from dfcan_bmz.bundle.recipe import Recipe, read_recipe
from dfcan_bmz.evaluation.score import chief_protocol


class Figure(NamedTuple):
    """A model on one set of images, beside the baseline with the highest PSNR there."""

    title: str
    images: int
    fields: int
    model: MethodMeans
    baseline: MethodMeans


class Entry(NamedTuple):
    """A published model.

    Attributes
    ----------
    name : str
        By which every command takes it; so does its `nickname`.
    run : pathlib.Path
        Its run folder.
    scale, parameters, size : int
        Scale factor, trainable parameters, bytes of the weights.
    figures : list of Figure
        Of every evaluation in the folder, from its tables.
    pictures : list of pathlib.Path
        The cover, and of every evaluation the image with the lowest PSNR and its uncertainty.
    """

    name: str
    nickname: str
    version: str
    description: str
    run: Path
    scale: int
    parameters: int
    size: int
    figures: list[Figure]
    pictures: list[Path]


def catalogue() -> list[Entry]:
    """All published models, by their names."""
    return [_entry(name, run) for name, run in published.models().items()]


def as_plain(entry: Entry) -> dict[str, Any]:
    """An entry as JSON can have it."""
    facts = entry._asdict() | {"run": str(entry.run), "pictures": list(map(str, entry.pictures))}
    return facts | {"figures": [_plain_figure(figure) for figure in entry.figures]}


def _plain_figure(figure: Figure) -> dict[str, Any]:
    sides = {"model": figure.model, "baseline": figure.baseline}
    scores = {side: {"method": row.method, "psnr": row.psnr.mean, "ssim": row.ssim.mean} for side, row in sides.items()}
    return figure._asdict() | scores


def _entry(name: str, run: Path) -> Entry:
    recipe, config = read_recipe(published.recipe(run)), run_folder.read_config(run)
    evaluations = read_evaluations(run, config.data.target)
    protocol = chief_protocol(config.data.target)
    return Entry(
        name,
        recipe.nickname,
        recipe.version or "",
        recipe.description,
        run,
        config.model.scale,
        run_folder.read_provenance(run)["parameters"],
        (run / run_folder.WEIGHTS).stat().st_size,
        [_figure(evaluation, recipe, protocol) for evaluation in evaluations],
        [run / "cover.png", *(picture for evaluation in evaluations for picture in evaluation.pictures.values())],
    )


def _figure(evaluation: Evaluation, recipe: Recipe, protocol: str) -> Figure:
    rows = [row for row in evaluation.rows if row.protocol == protocol]
    model = next(row for row in rows if row.model)
    best = max((row for row in rows if not row.model), key=lambda row: row.psnr.mean)
    return Figure(recipe.title(evaluation.name), evaluation.images, evaluation.fields, model, best)
