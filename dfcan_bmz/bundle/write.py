"""Build a bundle: export, describe, check, and only then write."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from dfcan_bmz import run_folder
from dfcan_bmz.bundle.card import Figures, card
from dfcan_bmz.bundle.check import check
from dfcan_bmz.bundle.describe import COVER, README, describe
from dfcan_bmz.bundle.formats import plan_formats
from dfcan_bmz.bundle.recipe import Recipe
from dfcan_bmz.bundle.source import Source, read_source
from dfcan_bmz.bundle.tensors import read_sample, write_tensors
from dfcan_bmz.bundle.verdict import FAILED, IN_FIJI, SECONDS, WHOLE, Verdict
from dfcan_bmz.bundle_file.read import read_bundle
from dfcan_bmz.bundle_file.validation import validated
from dfcan_bmz.engines import keras_v3
from dfcan_bmz.errors import UnfinishedError
from dfcan_bmz.export import export
from dfcan_bmz.files import write_zip
from dfcan_bmz.models.companion import companion
from dfcan_bmz.report.cover import copy_cover

PROVISIONAL_TOLERANCE = 1e-4  # until the differences are measured


def write_bundle(
    run: Path, recipe: Recipe, recipe_folder: Path, out: Path, say: Callable[[str], None]
) -> list[Verdict]:
    """Package a run folder.

    Parameters
    ----------
    run : pathlib.Path
        A run folder with weights.
    recipe : Recipe
        What a person says of the model.
    recipe_folder : pathlib.Path
        Where the recipe's relative paths begin.
    out : pathlib.Path
        The ``.zip`` to write, where this process alone writes: it is a bundle when this function returns, and not
        before. What else is under way lies beside it.
    say : callable
        Told what happens, a line at a time.

    Returns
    -------
    list of Verdict
        Every check, all passed. Equal run folders, recipes and versions give equal bytes.

    Raises
    ------
    DfcanError
        If the run folder or the recipe is not fit.
    UnfinishedError
        If a format cannot be written or does not pass.
    """
    weights = run_folder.weights(run)
    source = read_source(run, recipe)
    formats = plan_formats(source.recipe.formats, say)
    sample = read_sample(run, source.recipe.tile)
    with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
        folder = Path(scratch) / "bundle"
        folder.mkdir()
        if source.recipe.same_size:
            network = companion(keras_v3.load_model(weights), source.config.model.scale)
            network.save(weights := Path(scratch) / "companion.keras")
        say(f"writing {', '.join(formats)}")
        for name, versions in formats.items():
            opset = {"opset": versions["opset_version"]} if name == "onnx" else {}
            export(name, weights, folder, **opset)
        write_tensors(folder, sample, source)
        _copy_pictures(folder, source, recipe_folder)
        _write_texts(folder, source, formats, None)
        write_zip(folder, out)
        say("checking every format in its own engine")
        verdicts = check(out)
        _refuse_broken(verdicts, out.name)
        for verdict in verdicts:
            if verdict.test == SECONDS:
                say(f"in Fiji, {verdict.message}: about {verdict.figure:.0f} s on a machine as busy as this one")
        # the same bundle, with what was measured in its texts
        _write_texts(folder, source, formats, _figures(verdicts))
        write_zip(folder, out)
        validated(read_bundle(out))
    return verdicts


def _copy_pictures(folder: Path, source: Source, recipe_folder: Path) -> None:
    if source.recipe.cover != "auto":
        copy_cover(folder / COVER, recipe_folder / source.recipe.cover)
    for evaluation in source.evaluations:
        for name, picture in evaluation.pictures.items():
            shutil.copyfile(picture, folder / name)


def _write_texts(folder: Path, source: Source, formats: dict[str, dict[str, Any]], figures: Figures | None) -> None:
    (folder / README).write_text(card(source, figures), encoding="utf-8")
    content = describe(folder, source, formats, figures.tolerance if figures else PROVISIONAL_TOLERANCE)
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    (folder / "rdf.yaml").write_text(text, encoding="utf-8")


def _refuse_broken(verdicts: list[Verdict], name: str) -> None:
    # who wants weights that fail in Fiji was told, and may have them
    broken = [verdict for verdict in verdicts if verdict.verdict == FAILED and verdict.test != IN_FIJI]
    if broken:
        reasons = "; ".join(f"{verdict.format}, {verdict.test}: {verdict.message}" for verdict in broken)
        raise UnfinishedError(f"{name} was not written because it would not run ({reasons})")


def _figures(verdicts: list[Verdict]) -> Figures:
    measured = [(verdict.test, verdict.figure) for verdict in verdicts if verdict.figure is not None]
    engines = max(figure for test, figure in measured if test not in (WHOLE, SECONDS))
    return Figures(engines, max(figure for test, figure in measured if test == WHOLE))
