"""``dfcan-bmz train``: pairs to a run folder."""

import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dfcan_bmz import config as configuration
from dfcan_bmz import files, images, run_folder
from dfcan_bmz.commands.forecast import announce
from dfcan_bmz.commands.progress import OnEpoch, tell_of_others, training_bar, watched
from dfcan_bmz.commands.starting import initialise, with_network
from dfcan_bmz.config import SMALLEST_PATCH, Config
from dfcan_bmz.data.pairs import Pair, data_layer, find_pairs, open_pair, split
from dfcan_bmz.data.patches import grid_patches, richest_crop
from dfcan_bmz.data.planes import Plane, prepare
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.evaluation.domain import MOST_PLANES, describe_domain, middle
from dfcan_bmz.evaluation.score import best_smoothing_px
from dfcan_bmz.images import Image
from dfcan_bmz.models import build_model
from dfcan_bmz.run_folder import Row
from dfcan_bmz.training.fit import fit
from dfcan_bmz.training.provenance import provenance
from dfcan_bmz.training.tensorboard import refuse_without_tensorboard

ASIDE = ".replaced-"  # where an older run waits until the new one has its first epoch
MOST_RIVAL_PLANES = 64  # of the validation images, evenly chosen: enough to tell the best sigma
SAMPLE_PX = 256  # largest side of the sample that a run folder keeps, in LR pixels


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
    if resume:
        run_folder.refuse_other_folders(out)
        for stale in out.glob(f"{ASIDE}*"):
            files.remove(stale)
        resolved = configuration.resolve(run_folder.read_config(out).model_dump(mode="json"), config, overrides)
    else:
        files.refuse_existing([out], overwrite)
        if out.is_file():
            raise DfcanError(f"{out} is a file: give a folder as --out")
        layer = data_layer(lr)
        resolved = configuration.resolve(layer, config, overrides)
        if resolved.train.init != "none":
            resolved = configuration.resolve(with_network(layer, Path(resolved.train.init)), config, overrides)
    chosen = split(pairs, resolved.data.validation, np.random.default_rng(resolved.train.seed))
    opened = [[(pair, *open_pair(pair, resolved.model.scale)) for pair in part] for part in chosen]
    for _, lr_image, _ in opened[0] + opened[1]:
        _refuse_small(lr_image, resolved.data.patch_size)
    training, validation = (
        [plane for _, *pair in watched(part, "reading") for plane in _planes(*pair, resolved)] for part in opened
    )
    model = build_model(resolved.model, np.random.default_rng(resolved.train.seed))
    if not model.trainable_weights:
        raise DfcanError(f"{resolved.model.name} has nothing to learn: give a network as model.name")
    if resolved.train.tensorboard:
        refuse_without_tensorboard()
    if resolved.train.init != "none" and not (resume and run_folder.read_history(out)):
        initialise(model, Path(resolved.train.init))
    record = provenance(*chosen)
    _refuse_leaks(record["files"])
    if resume:
        record = _same_training(out, resolved, record)
    with nullcontext() if resume else _replacing(out):
        if not resume:
            record |= {
                "parameters": sum(math.prod(weight.shape) for weight in model.trainable_weights),
                "validation": _rival(opened[1], resolved),
                "domain": _domain(opened[0] + opened[1]),
            }
            _write_sample(out, opened[1][0], resolved)
        run_folder.write_config(out, resolved)
        run_folder.write_provenance(out, record)
        announce(model, resolved, len(training), len(grid_patches(validation, resolved.data.patch_size)))
        history = _fit(model, resolved, training, validation, out, watch)
    best = run_folder.best_row(history)
    print(
        f"{out}: best of {len(history)} epochs is {best['epoch']}: validation loss {best['val_loss']:.5f}, "
        f"PSNR {best['val_psnr']:.2f} dB, on patches from {len(chosen[1])} images"
    )


@contextmanager
def _replacing(out: Path) -> Iterator[None]:
    """Put an older run aside, and back again if the new one fails before its first epoch is over."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=ASIDE) as aside:
        older = [entry for entry in run_folder.ENTRIES if (out / entry).exists()]
        for entry in older:
            (out / entry).rename(Path(aside) / entry)
        try:
            yield
        except BaseException:
            if older and not run_folder.read_history(out):
                for entry in run_folder.ENTRIES:
                    files.remove(out / entry)
                for entry in older:
                    (Path(aside) / entry).rename(out / entry)
            raise


def _same_training(out: Path, config: Config, record: dict[str, Any]) -> dict[str, Any]:
    """Provenance of the training to resume, if it was one on these images with this network."""
    known = run_folder.read_provenance(out)
    if run_folder.read_config(out).model != config.model:
        raise DfcanError(f"{out} holds another network: resume without --set model.*, or start a new run")
    if known["files"] != record["files"]:
        raise DfcanError(f"{out} was trained on other images: resume with the same ones or start a new run")
    return known


def _fit(
    model: keras.Model,
    config: Config,
    training: list[Plane],
    validation: list[Plane],
    out: Path,
    watch: OnEpoch | None,
) -> list[Row]:
    epochs, done = config.train.epochs, len(run_folder.read_history(out))
    try:
        with training_bar(done, epochs) as (on_step, print_epoch):

            def on_epoch(row: Row) -> None:
                print_epoch(row)
                if watch is not None:
                    watch(row)

            return fit(model, config, training, validation, out, on_step, on_epoch, print)
    except KeyboardInterrupt:
        finished = len(run_folder.read_history(out))
        raise UnfinishedError(
            f"stopped after {finished} of {epochs} epochs; go on where {out} stands: repeat the command with --resume"
        ) from None


def _planes(lr: Image, hr: Image, config: Config) -> list[Plane]:
    planes = prepare(lr, hr, config.data.target)
    return planes if config.data.sampling == "signal" else [plane._replace(signal=None) for plane in planes]


def _refuse_leaks(files: dict[str, list[dict[str, str]]]) -> None:
    """Refuse to validate on an image that is trained on under another name."""
    for kind in ("lr_sha256", "hr_sha256"):
        trained = {file[kind]: file["name"] for file in files["training"]}
        for file in files["validation"]:
            if file[kind] in trained:
                raise DfcanError(
                    f"{trained[file[kind]]} and {file['name']} are the same image, one trained on and the other "
                    "validated on: give them one fov in manifest.csv"
                )


def _refuse_small(lr: Image, patch_size: int) -> None:
    height, width = lr.pixels.shape[-2:]
    if min(height, width) < patch_size:
        largest = min(height, width) // 2 * 2
        smaller_patch = f" or pass --set data.patch_size={largest}" if largest >= SMALLEST_PATCH else ""
        raise DfcanError(
            f"{lr.path} is {height} x {width} px, smaller than the patch of {patch_size}: leave it out{smaller_patch}"
        )


def _rival(validation: list[tuple[Pair, Image, Image]], config: Config) -> dict[str, float]:
    every = [(lr, hr, index) for _, lr, hr in validation for index in range(len(lr.planes))]
    some = every[:: math.ceil(len(every) / MOST_RIVAL_PLANES)]
    planes = ((lr.planes[index], hr.planes[index]) for lr, hr, index in some)
    return {"smoothed_bicubic_sigma_px": best_smoothing_px(planes, config.model.scale, config.data.target)}


def _domain(opened: list[tuple[Pair, Image, Image]]) -> dict[str, Any]:
    every = [(pair.fov, lr.planes, index) for pair, lr, _ in opened for index in range(len(lr.planes))]
    some = every[:: math.ceil(len(every) / MOST_PLANES)]
    planes = ((fov, stack[(index, *middle(stack.shape[-2:]))]) for fov, stack, index in some)
    return describe_domain(planes, (lr.pixel_size_nm for _, lr, _ in opened))


def _write_sample(out: Path, first: tuple[Pair, Image, Image], config: Config) -> None:
    _, lr, hr = first
    sample = richest_crop(Plane(lr.planes[0], hr.planes[0]), max(SAMPLE_PX, config.data.patch_size))
    hr_pixel_nm = lr.pixel_size_nm and lr.pixel_size_nm / config.model.scale
    images.write(out / "sample_lr.tif", sample.lr.astype(np.float32), pixel_size_nm=lr.pixel_size_nm)
    images.write(out / "sample_hr.tif", sample.hr.astype(np.float32), pixel_size_nm=hr_pixel_nm)
