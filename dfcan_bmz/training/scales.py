"""One training for several scales: its further pairs, and the run folders that come of it beside the first."""

from pathlib import Path

import keras
import numpy as np

from dfcan_bmz import run_folder
from dfcan_bmz.config import Config
from dfcan_bmz.data.pairs import Pair, pair_scale
from dfcan_bmz.data.sources import open_set
from dfcan_bmz.engines.keras_v3 import load_model
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.events import Events
from dfcan_bmz.models import build_model
from dfcan_bmz.training.checkpoint import save_model
from dfcan_bmz.training.facts import Opened, data_facts, write_sample
from dfcan_bmz.training.starting_weights import start_from


def further_pairs(config: Config, events: Events) -> dict[Pair, int]:
    """Pairs in the folders of ``data.other_scales``, and the scale of each."""
    pairs: dict[Pair, int] = {}
    for folder in map(Path, config.data.other_scales):
        with open_set(folder / "lr", folder / "hr", events) as found:
            pairs |= {pair: pair_scale(pair) for pair in found.pairs}
    return pairs


def refuse_one_scale_only(model: keras.Model, config: Config, training: Opened, validation: Opened) -> None:
    """Refuse what cannot be trained for all scales at once.

    Raises
    ------
    DfcanError
        If the network has weights that depend on the scale, or a scale is missing from a part of the split.
    """
    for scale in sorted(set(map(_scale, training + validation)) | {config.model.scale}):
        other = build_model(_at(config, scale).model, np.random.default_rng(0))
        if _shapes(other) != _shapes(model):
            raise DfcanError(
                f"data.other_scales: {config.model.name} has weights that depend on the scale: train one model for "
                "each, or choose vdsr, srcnn or drcn as model.name"
            )
        if not at_scale(training, scale) or not at_scale(validation, scale):
            raise DfcanError(
                f"images of scale {scale} are missing from training or validation: give the fields of view the same "
                "names at all scales, or name some of each scale in data.validation"
            )


def at_scale(opened: Opened, scale: int) -> Opened:
    """Those of the pairs that have this scale."""
    return [entry for entry in opened if _scale(entry) == scale]


def write_other_scales(run: Path, config: Config, training: Opened, validation: Opened, events: Events) -> None:
    """Write ``other_scales/x3`` and so on: run folders of the trained weights, for all that opens one.

    Parameters
    ----------
    run : pathlib.Path
        A finished run.
    config : Config
        Its configuration.
    training, validation : list of tuple
        All its pairs.
    events : Events
        Hears of each folder.
    """
    history = run_folder.read_history(run)
    for scale in sorted(set(map(_scale, validation)) - {config.model.scale}):
        wanted, out = _at(config, scale), run / "other_scales" / f"x{scale}"
        out.mkdir(parents=True, exist_ok=True)
        for file in ("model.keras", "last.keras"):
            model = build_model(wanted.model, np.random.default_rng(0))
            start_from(model, load_model(run / file), str(run / file))
            save_model(out / file, model)
        parts = at_scale(training, scale), at_scale(validation, scale)
        write_sample(out, parts[1], wanted)
        run_folder.write_config(out, wanted)
        run_folder.write_provenance(out, run_folder.read_provenance(run) | data_facts(*parts, wanted))
        run_folder.write_history(out, history)
        events.tell(f"{out}: the same weights at scale {scale}")


def _scale(entry: tuple) -> int:
    _, lr, hr = entry
    return hr.pixels.shape[-1] // lr.pixels.shape[-1]


def _at(config: Config, scale: int) -> Config:
    return config.model_copy(update={"model": config.model.model_copy(update={"scale": scale})})


def _shapes(model: keras.Model) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in model.trainable_weights]
