"""``dfcan-bmz train``: pairs to a run folder."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dfcan_bmz import files, images, run_folder
from dfcan_bmz.commands.data_facts import Opened, data_facts, tell_of_like, write_sample
from dfcan_bmz.commands.forecast import announce
from dfcan_bmz.commands.other_scales import at_scale, further_pairs, refuse_one_scale_only, write_other_scales
from dfcan_bmz.commands.progress import OnEpoch, tell_notes, tell_of_others, training_bar, watched
from dfcan_bmz.commands.run_place import Place, resolve_again, run_place
from dfcan_bmz.commands.settings import resolve
from dfcan_bmz.commands.starting import initialise, initialise_again, origin
from dfcan_bmz.config import SMALLEST_PATCH, Config, given_keys
from dfcan_bmz.data.enlarged import enlarge
from dfcan_bmz.data.leaks import shared_planes
from dfcan_bmz.data.pairs import Pair, data_layer, find_pairs, frames_asked, open_pair, scale_between, split
from dfcan_bmz.data.patches import grid_patches
from dfcan_bmz.data.planes import Plane, prepare
from dfcan_bmz.errors import DfcanError, StoppedError
from dfcan_bmz.flaws import only
from dfcan_bmz.images import Image
from dfcan_bmz.models import build_model
from dfcan_bmz.run_folder import Row
from dfcan_bmz.training.fit import fit
from dfcan_bmz.training.provenance import provenance
from dfcan_bmz.training.sizes import fit_to_machine
from dfcan_bmz.training.tensorboard import refuse_without_tensorboard
from dfcan_bmz.training.trainer import patch_side


def run(
    lr: Path,
    hr: Path,
    out: Path,
    config: Path | None,
    overrides: list[str],
    resume: bool,
    overwrite: bool,
    watch: OnEpoch | None = None,
) -> None:
    pairs = find_pairs(lr, hr)
    tell_of_others(lr, hr)
    with run_place(out, resume, overwrite) as place:
        if place.begun is None:
            resolved = resolve(data_layer(lr), config, overrides)
            resolved = fit_to_machine(resolved, given_keys(config, overrides), print)
        else:
            resolved = resolve_again(place.begun, place.out, config, overrides)
        _train(pairs, place, resolved, watch)


def _train(pairs: list[Pair], place: Place, resolved: Config, watch: OnEpoch | None) -> None:
    out = place.out
    place.note(resolved)
    scales = dict.fromkeys(pairs, resolved.model.scale) | further_pairs(resolved)
    chosen = split(list(scales), resolved.data.validation, np.random.default_rng(resolved.train.seed))
    frames = frames_asked(resolved)
    opened = [[(pair, *_fed(*open_pair(pair, scales[pair], frames), resolved)) for pair in part] for part in chosen]
    tell_notes((image.path, note) for part in opened for _, *pair in part for image in pair for note in image.notes)
    for pair, lr_image, _ in opened[0] + opened[1]:
        _refuse_small(lr_image, scales[pair], resolved)
    (training, validation), opened = zip(*(_prepared(part, resolved) for part in opened), strict=True)
    model = build_model(resolved.model, np.random.default_rng(resolved.train.seed))
    if not model.trainable_weights:
        raise DfcanError(f"{resolved.model.name} has nothing to learn: give a network as model.name")
    if resolved.data.other_scales:
        refuse_one_scale_only(model, resolved, *opened)
    if resolved.train.tensorboard:
        refuse_without_tensorboard()
    record = provenance(*chosen)
    _refuse_leaks(record["files"], *opened)
    known = {} if place.fresh else _same_training(out, record)
    if resolved.train.init != "none":
        source = Path(resolved.train.init)
        if not place.fresh and run_folder.read_history(out):
            initialise_again(model, source, known.get("initial_weights", {}).get("sha256"))
        else:
            initialise(model, source)
    own = at_scale(opened[0], resolved.model.scale), at_scale(opened[1], resolved.model.scale)
    record = record | _facts(model, own, resolved) if place.fresh else known
    if place.fresh:
        write_sample(place.run, own[1], resolved)

    def begin() -> None:
        run_folder.write_config(place.run, resolved)
        run_folder.write_provenance(place.run, record)
        for folder in place.run, *sorted(place.run.glob("other_scales/*")):
            if (stale := folder / run_folder.EVALUATION).is_dir():
                print(f"{stale} is deleted: it was measured with the weights that now change")
                files.remove(stale)
        left = resolved.train.epochs - len(run_folder.read_history(place.run))
        announce(model, resolved, len(training), len(grid_patches(validation, patch_side(resolved))), left)

    history = _fit(model, resolved, training, validation, place, begin, watch)
    write_other_scales(out, resolved, *opened)
    best = run_folder.best_row(history)
    print(
        f"{out}: best of {len(history)} epochs is {best['epoch']}: validation loss {best['val_loss']:.5f}, "
        f"PSNR {best['val_psnr']:.2f} dB, on patches from {len(chosen[1])} images"
    )
    tell_of_like(pairs[0].lr.parent, record.get("domain"))


def _fed(lr: Image, hr: Image, config: Config) -> tuple[Image, Image]:
    """A pair with what the network gets of its LR image."""
    return (images.averaged(lr) if config.data.frames == "mean" else lr), hr


def _facts(model: keras.Model, own: tuple[Opened, Opened], config: Config) -> dict[str, Any]:
    """What ``provenance.json`` tells of a training that begins, beside the versions and files."""
    facts: dict[str, Any] = {"parameters": sum(math.prod(weight.shape) for weight in model.trainable_weights)}
    facts |= data_facts(*own, config)
    return facts if config.train.init == "none" else facts | {"initial_weights": origin(Path(config.train.init))}


def _same_training(out: Path, record: dict[str, Any]) -> dict[str, Any]:
    """Provenance of the training to resume, if it was one on these images."""
    known = run_folder.read_provenance(out)
    if known["files"] != record["files"]:
        raise DfcanError(f"{out} was trained on other images: resume with the same ones or start a new run")
    return known


def _fit(
    model: keras.Model,
    config: Config,
    training: list[Plane],
    validation: list[Plane],
    place: Place,
    begin: Callable[[], None],
    watch: OnEpoch | None,
) -> list[Row]:
    out, epochs, done = place.out, config.train.epochs, len(run_folder.read_history(place.run))
    try:
        with training_bar(done, epochs) as (on_step, print_epoch):

            def on_epoch(row: Row) -> None:
                print_epoch(row)
                if watch is not None:
                    watch(row)

            return fit(model, config, training, validation, place.run, begin, place.settle, on_step, on_epoch, print)
    except KeyboardInterrupt:
        if place.waits and run_folder.read_history(out):
            raise StoppedError(
                f"stopped before the first epoch was over; {out} holds the older run: repeat the command to replace it"
            ) from None
        place.settle()
        finished = len(run_folder.read_history(out))
        raise StoppedError(
            f"stopped after {finished} of {epochs} epochs; go on where {out} stands: repeat the command with --resume"
        ) from None


def _prepared(part: Opened, config: Config) -> tuple[list[Plane], Opened]:
    """Planes of one part of the split, and its pairs without the planes that cannot be normalised."""
    prepared: list[Plane] = []
    kept: Opened = []
    for pair, lr, hr in watched(part, "reading"):
        planes = prepare(lr, hr, config.data.target, lambda line: print(f"note: {line}"))
        sound = [plane.position for plane in planes]
        kept.append((pair, only(lr, sound), only(hr, sound)))
        if config.data.other_scales:
            planes = [enlarge(plane, scale_between(lr, hr)) for plane in planes]
        prepared += planes if config.data.sampling == "signal" else [plane._replace(signal=None) for plane in planes]
    return prepared, kept


def _refuse_leaks(files: dict[str, list[dict[str, str]]], training: Opened, validation: Opened) -> None:
    """Refuse to validate on an image, or on a plane of one, that is trained on under another name."""
    twins = []
    for side, kind in enumerate(("lr_sha256", "hr_sha256")):
        trained = {file[kind]: file["name"] for file in files["training"]}
        twins += [(trained[file[kind]], file["name"]) for file in files["validation"] if file[kind] in trained]
        if twins:
            break
        names = {images[side].path: pair.name for pair, *images in (*training, *validation)}
        trained_on, validated_on = ([images[side] for _, *images in part] for part in (training, validation))
        if shared := shared_planes(trained_on, validated_on):
            one, other = shared
            twins.append((names[one.path], names[other.path]))
    if twins:
        raise DfcanError(
            f"{twins[0][0]} and {twins[0][1]} are the same image, one trained on and the other validated on: give them "
            "one fov in manifest.csv"
        )


def _refuse_small(lr: Image, scale: int, config: Config) -> None:
    height, width = lr.pixels.shape[-2:]
    patch = -(-config.data.patch_size * config.model.scale // scale)  # patches of all scales show as many HR pixels
    if min(height, width) < patch:
        largest = min(height, width) * scale // config.model.scale // 2 * 2
        smaller_patch = f" or pass --set data.patch_size={largest}" if largest >= SMALLEST_PATCH else ""
        raise DfcanError(
            f"{lr.path} is {height} x {width} px, smaller than the patch of {patch}: leave it out{smaller_patch}"
        )
