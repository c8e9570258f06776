"""From pairs to a run folder: what is planned, and what comes of it."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dfcan_bmz import files, run_folder
from dfcan_bmz.data.sources import Images, open_set
from dfcan_bmz.errors import DfcanError, StoppedError
from dfcan_bmz.events import SILENT, Events
from dfcan_bmz.models import build_model
from dfcan_bmz.training.estimate import announce
from dfcan_bmz.training.facts import data_facts, told_of_like, write_sample
from dfcan_bmz.training.fit import finished, fitting
from dfcan_bmz.training.place import Place, run_place
from dfcan_bmz.training.plan import Plan, plan
from dfcan_bmz.training.scales import at_scale, refuse_one_scale_only, write_other_scales
from dfcan_bmz.training.settings import Settings, given_keys, resolve, resolve_again
from dfcan_bmz.training.sizes import fit_to_machine
from dfcan_bmz.training.starting_weights import initialise, initialise_again, origin


def train(
    lr: Images,
    hr: Images,
    config: Settings = None,
    out: str | Path = "run",
    *,
    overrides: Sequence[str] = (),
    resume: bool = False,
    overwrite: bool = False,
    events: Events = SILENT,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Path:
    """Train a network on pairs of images.

    Parameters
    ----------
    lr, hr : str, pathlib.Path, numpy.ndarray, or sequence of these
        Folders of images of equal names, or arrays: (N, Y, X) or (N, frames, Y, X), and (N, sY, sX), each image a field
        of view of its own.
    config : Config, dict, str, pathlib.Path, optional
        Settings, or a YAML file of them; what is not given is as `dfcan-bmz config` lists it.
    out : str or pathlib.Path
        Run folder to write.
    overrides : sequence of str
        Single settings, as ``"train.epochs=20"``.
    resume, overwrite : bool
        Whether to go on after the last finished epoch of `out`, or to replace what is there.
    events : dfcan_bmz.events.Events
        Hears of steps, epochs and warnings.
    callbacks : sequence of keras.callbacks.Callback
        Called by every batch and epoch.

    Returns
    -------
    pathlib.Path
        The run folder, for `predict`, `evaluate` and `package`.

    Raises
    ------
    DfcanError
        If settings or images make a training impossible, or `out` is there already.
    UnfinishedError
        If the training went wrong.

    Examples
    --------
    >>> run = dfcan_bmz.train("data/lr", "data/hr", {"train": {"epochs": 20}}, out="runs/actin")
    """
    with open_set(lr, hr, events) as found, run_place(Path(out), resume, overwrite, events) as place:
        if place.begun is None:
            resolved = resolve(found.config, config, overrides)
            resolved = fit_to_machine(resolved, given_keys(config, overrides), events.tell)
        else:
            resolved = resolve_again(place.begun, place.out, config, overrides)
        place.note(resolved)
        _train(plan(found.pairs, resolved, events), place, events, callbacks)
        like = told_of_like(found.pairs[0].lr.parent, run_folder.read_provenance(place.out).get("domain"))
    if like:
        events.tell(like)
    return Path(out)


def _train(wanted: Plan, place: Place, events: Events, callbacks: Sequence[keras.callbacks.Callback]) -> None:
    config, training, validation, record = wanted
    model = build_model(config.model, np.random.default_rng(config.train.seed))
    if not model.trainable_weights:
        raise DfcanError(f"{config.model.name} has nothing to learn: give a network as model.name")
    if config.data.other_scales:
        refuse_one_scale_only(model, config, training.opened, validation.opened)
    known = {} if place.fresh else _same_training(place.out, record)
    _start(model, config.train.init, place, known, events)
    if place.fresh:
        known = record | _facts(model, wanted)
        write_sample(place.run, at_scale(validation.opened, config.model.scale), config)
    with _stop_told(place, config.train.epochs), fitting(model, wanted, place, events, callbacks) as fit:
        if not finished(config, fit.history):
            run_folder.write_config(place.run, config)
            run_folder.write_provenance(place.run, known)
            _delete_stale(place.run, events)
            left = config.train.epochs - len(fit.history)
            announce(model, config, len(training.planes), len(fit.held_out), left, events)
        history = fit.run()
    write_other_scales(place.out, config, training.opened, validation.opened, events)
    best = run_folder.best_row(history)
    events.tell(
        f"{place.out}: the best epoch is {best['epoch']} of {len(history)}: validation loss {best['val_loss']:.5f}, "
        f"PSNR {best['val_psnr']:.2f} dB, on patches from {len(record['files']['validation'])} images"
    )


def _start(model: keras.Model, init: str, place: Place, known: dict[str, Any], events: Events) -> None:
    if init == "none":
        return
    if not place.fresh and run_folder.read_history(place.out):
        initialise_again(model, Path(init), known.get("initial_weights", {}).get("sha256"))
    else:
        initialise(model, Path(init), events)


def _facts(model: keras.Model, wanted: Plan) -> dict[str, Any]:
    """What ``provenance.json`` says of a training that begins, beside the versions and files."""
    config, training, validation, _ = wanted
    facts: dict[str, Any] = {"parameters": sum(math.prod(weight.shape) for weight in model.trainable_weights)}
    own, held_out = (at_scale(part.opened, config.model.scale) for part in (training, validation))
    facts |= data_facts(own, held_out, config)
    return facts if config.train.init == "none" else facts | {"initial_weights": origin(Path(config.train.init))}


def _same_training(out: Path, record: dict[str, Any]) -> dict[str, Any]:
    """Provenance of the training to resume, if it was one on these images."""
    known = run_folder.read_provenance(out)
    if known["files"] != record["files"]:
        raise DfcanError(f"{out} was trained on other images: resume with the same ones or start a new run")
    return known


def _delete_stale(run: Path, events: Events) -> None:
    for folder in run, *sorted(run.glob("other_scales/*")):
        if (stale := folder / run_folder.EVALUATION).is_dir():
            events.tell(f"{stale} is deleted: it was measured with the weights that now change")
            files.remove(stale)


@contextmanager
def _stop_told(place: Place, epochs: int) -> Iterator[None]:
    """Say on Ctrl-C what is there."""
    try:
        yield
    except KeyboardInterrupt:
        if place.waits and run_folder.read_history(place.out):
            raise StoppedError(
                f"stopped before the first epoch was over; {place.out} holds the older run: repeat the command to "
                "replace it"
            ) from None
        place.settle()
        finished = len(run_folder.read_history(place.out))
        raise StoppedError(
            f"stopped after {finished} of {epochs} epochs; to continue {place.out}, repeat the command with --resume"
        ) from None
