"""Build a bundle: export, describe, check, and only then write."""

import math
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import yaml

from dfcan_bmz import images, run_folder
from dfcan_bmz.bundle.card import Figures, card
from dfcan_bmz.bundle.check import check
from dfcan_bmz.bundle.describe import (
    COVER,
    README,
    SAMPLE_INPUT,
    SAMPLE_OUTPUT,
    TEST_INPUT,
    TEST_OUTPUT,
    describe,
    picture_name,
)
from dfcan_bmz.bundle.evaluations import Evaluation, read_evaluations
from dfcan_bmz.bundle.formats import plan_formats
from dfcan_bmz.bundle.recipe import Recipe, with_tile
from dfcan_bmz.bundle.verdict import FAILED, IN_FIJI, SECONDS, WHOLE, Verdict
from dfcan_bmz.bundle_file.read import open_description
from dfcan_bmz.data.patches import richest_crop
from dfcan_bmz.data.planes import Plane
from dfcan_bmz.engines import keras_v3
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.export import FILE_NAMES, export
from dfcan_bmz.files import write_zip
from dfcan_bmz.models.companion import companion
from dfcan_bmz.normalize import HIGH_PERCENTILE, LOW_PERCENTILE, scaling_of
from dfcan_bmz.report.cover import copy_cover, write_cover
from dfcan_bmz.tiling import reflected

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
    weights_file = run_folder.weights(run)
    config, provenance = run_folder.read_config(run), run_folder.read_provenance(run)
    history = run_folder.read_history(run)
    if not history:
        raise DfcanError(f"{run} has not finished an epoch: go on with `dfcan-bmz train --resume`")
    sized = with_tile(recipe, config)
    if sized.same_size and config.model.inputs > 1:
        raise DfcanError(
            f"recipe: input {recipe.input} is for one frame, {run} takes {config.model.inputs}: leave it out"
        )
    formats = plan_formats(sized.formats, say)
    sample, shown = _sample_tile(run, sized.tile)
    evaluations = read_evaluations(run, config.data.target)
    _refuse_unknown(sized, evaluations, run)
    card(sized, config, provenance, history, evaluations, None)  # refuses a wrong halo before anything is exported

    def write_texts(folder: Path, figures: Figures | None) -> None:
        tolerance = figures.tolerance if figures else PROVISIONAL_TOLERANCE
        (folder / README).write_text(card(sized, config, provenance, history, evaluations, figures), encoding="utf-8")
        content = describe(folder, sized, config, provenance, history, evaluations, formats, tolerance)
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        (folder / "rdf.yaml").write_text(text, encoding="utf-8")

    with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
        folder = Path(scratch) / "bundle"
        folder.mkdir()
        if sized.same_size:
            weights_file = _companion(weights_file, config.model.scale, Path(scratch))
        say(f"writing {', '.join(formats)}")
        for name, versions in formats.items():
            opset = {"opset": versions["opset_version"]} if name == "onnx" else {}
            export(name, weights_file, folder, **opset)
        calibration = images.read(run / "sample_lr.tif").calibration
        enlarged = config.model.scale if sized.same_size else 1
        _write_tensors(folder, sample, shown, calibration, sized, enlarged)
        if sized.cover != "auto":
            copy_cover(folder / COVER, recipe_folder / sized.cover)
        for evaluation in evaluations:
            if evaluation.worst:
                shutil.copyfile(evaluation.worst, folder / picture_name(evaluation))
        write_texts(folder, None)
        write_zip(folder, out)
        say("checking every format in its own engine")
        verdicts = check(out)
        _refuse_broken(verdicts, out.name)
        for verdict in verdicts:
            if verdict.test == SECONDS:
                say(f"in Fiji, {verdict.message}: about {verdict.figure:.0f} s on a machine as busy as this one")
        # the same bundle, with what was measured in its texts
        write_texts(folder, _figures(verdicts))
        write_zip(folder, out)
        open_description(out)
    return verdicts


def _refuse_unknown(recipe: Recipe, evaluations: list[Evaluation], run: Path) -> None:
    if unknown := recipe.evaluations.keys() - {evaluation.name for evaluation in evaluations}:
        raise DfcanError(
            f"recipe: evaluations names {', '.join(sorted(unknown))}, and there is no such folder in "
            f"{run / run_folder.EVALUATION}: write it with `dfcan-bmz evaluate`"
        )


def _refuse_broken(verdicts: list[Verdict], name: str) -> None:
    # who wants weights that fail in Fiji was told, and may have them
    broken = [verdict for verdict in verdicts if verdict.verdict == FAILED and verdict.test != IN_FIJI]
    if broken:
        reasons = "; ".join(f"{verdict.format}, {verdict.test}: {verdict.message}" for verdict in broken)
        raise UnfinishedError(f"{name} was not written, it would not run ({reasons})")


def _figures(verdicts: list[Verdict]) -> Figures:
    measured = [(verdict.test, verdict.figure) for verdict in verdicts if verdict.figure is not None]
    engines = max(figure for test, figure in measured if test not in (WHOLE, SECONDS))
    return Figures(engines, max(figure for test, figure in measured if test == WHOLE))


def _sample_tile(run: Path, tile: int) -> tuple[np.ndarray, tuple[int, int]]:
    """A tile of the run's sample image, mirrored where that is smaller; and how much of the tile is the image."""
    lr, hr = (np.asarray(images.read(run / name).pixels) for name in ("sample_lr.tif", "sample_hr.tif"))
    crop = richest_crop(Plane(lr, hr), min(tile, *lr.shape[-2:])).lr
    height, width = crop.shape[-2:]
    return crop[..., reflected(0, tile, height)[:, None], reflected(0, tile, width)], (height, width)


def _companion(weights: Path, scale: int, scratch: Path) -> Path:
    path = scratch / "companion.keras"
    companion(keras_v3.load_model(weights), scale).save(path)
    return path


def _write_tensors(
    folder: Path,
    tile: np.ndarray,
    shown: tuple[int, int],
    calibration: images.Calibration,
    recipe: Recipe,
    enlarged: int,
) -> None:
    raw = levelled(tile.astype(np.float32).repeat(enlarged, -2).repeat(enlarged, -1))
    unit = scaling_of(raw).apply(raw)
    with keras.device("cpu"):  # as the formats are compared
        network = keras_v3.load(folder / FILE_NAMES["keras_v3"])
        output = np.clip(network(images.channels_last(unit)[None]), 0, 1)
    given = unit if recipe.input == "prepared" else raw
    np.save(folder / TEST_INPUT, images.channels_last(given)[None])
    np.save(folder / TEST_OUTPUT, output)
    for name, pixels in ((SAMPLE_INPUT, given), (SAMPLE_OUTPUT, output[0, :, :, 0])):
        finer = calibration.finer(pixels.shape[-1] / tile.shape[-1])
        images.write(folder / name, pixels, "CYX"[-pixels.ndim :], finer)
    lr, s = images.mean_frame(unit)[::enlarged, ::enlarged], output.shape[1] // tile.shape[-1]
    write_cover(folder / COVER, lr[: shown[0], : shown[1]], output[0, : s * shown[0], : s * shown[1], 0])


def levelled(tile: np.ndarray) -> np.ndarray:
    """Level the few darkest and the few brightest pixels, so that every definition of a percentile agrees on the tile.

    bioimageio.core interpolates between ranks, deepImageJ takes the nearest rank below. On a tile of 64 px that made
    0.003 in the output, and the zoo's test of deepImageJ tolerates 1.5e-4.
    """
    ranked, last = np.sort(tile, axis=None), tile.size - 1
    low, high = ranked[math.ceil(last * LOW_PERCENTILE / 100)], ranked[math.floor(last * HIGH_PERCENTILE / 100)]
    return np.clip(tile, low, high)
