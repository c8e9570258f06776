"""``dfcan-bmz train``: pairs to a run folder."""

from pathlib import Path

import keras
import numpy as np

from dfcan_bmz import config as configuration
from dfcan_bmz import files, images, run_folder
from dfcan_bmz.commands.progress import training_bar
from dfcan_bmz.config import Config
from dfcan_bmz.data.pairs import Pair, data_layer, find_pairs, read_pair, split
from dfcan_bmz.data.patches import Plane, richest_crop
from dfcan_bmz.engines.keras_v3 import load_model
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.evaluation.score import best_smoothing_px
from dfcan_bmz.images import Image
from dfcan_bmz.models import build_model
from dfcan_bmz.normalize import normalize_pair
from dfcan_bmz.run_folder import Row
from dfcan_bmz.training.fit import fit
from dfcan_bmz.training.provenance import provenance

SAMPLE_PX = 256  # largest side of the sample that a run folder keeps, in LR pixels


def run(
    lr: Path, hr: Path, out: Path, config: Path | None, overrides: list[str], resume: bool, overwrite: bool
) -> None:
    pairs = find_pairs(lr, hr)
    if resume:
        run_folder.weights(out)
        resolved = configuration.resolve(run_folder.read_config(out).model_dump(mode="json"), config, overrides)
    else:
        files.refuse_existing([out], overwrite)
        resolved = configuration.resolve(data_layer(lr), config, overrides)
    chosen = split(pairs, resolved.data.validation, np.random.default_rng(resolved.train.seed))
    opened = [[(pair, *read_pair(pair, resolved.model.scale)) for pair in part] for part in chosen]
    for _, lr_image, _ in opened[0] + opened[1]:
        _refuse_small(lr_image, resolved.data.patch_size)
    history = _start(out, resolved, chosen, opened, resume)
    best = run_folder.best_row(history)
    print(
        f"{out}: best of {len(history)} epochs is {best['epoch']}: validation loss {best['val_loss']:.5f}, "
        f"PSNR {best['val_psnr']:.2f} dB, on patches from {len(chosen[1])} images"
    )


def _start(out: Path, config: Config, chosen: tuple, opened: list, resume: bool) -> list[Row]:
    record = provenance(*chosen)
    training, validation = ([plane for _, *pair in part for plane in _planes(*pair)] for part in opened)
    model = build_model(config.model, np.random.default_rng(config.train.seed))
    if resume:
        known = run_folder.read_provenance(out)
        if known["files"] != record["files"]:
            raise DfcanError(f"{out} was trained on other images: resume with the same ones or start a new run")
        if run_folder.read_config(out).model != config.model:
            raise DfcanError(f"{out} holds another network: resume without --set model.*, or start a new run")
        record = known
    else:
        if config.train.init != "none":
            _initialise(model, Path(config.train.init))
        for entry in run_folder.ENTRIES:
            files.remove(out / entry)
        out.mkdir(parents=True, exist_ok=True)
        record |= {"parameters": model.count_params(), "validation": _rival(opened[1], config)}
        _write_sample(out, opened[1][0])
    run_folder.write_config(out, config)
    run_folder.write_provenance(out, record)
    normalised = [
        [Plane(*normalize_pair(*plane, config.data.target)) for plane in part] for part in (training, validation)
    ]
    return _fit(model, config, *normalised, out)


def _fit(model: keras.Model, config: Config, training: list[Plane], validation: list[Plane], out: Path) -> list[Row]:
    epochs, done = config.train.epochs, len(run_folder.read_history(out))
    try:
        with training_bar(done, epochs) as (on_step, on_epoch):
            return fit(model, config, training, validation, out, on_step, on_epoch)
    except KeyboardInterrupt:
        finished = len(run_folder.read_history(out))
        raise UnfinishedError(
            f"stopped after {finished} of {epochs} epochs; {out} is usable: repeat the command with --resume"
        ) from None


def _planes(lr: Image, hr: Image) -> list[tuple[np.ndarray, np.ndarray]]:
    return list(zip(lr.planes, hr.pixels.reshape(-1, *hr.pixels.shape[-2:]), strict=True))


def _refuse_small(lr: Image, patch_size: int) -> None:
    if min(lr.pixels.shape[-2:]) < patch_size:
        height, width = lr.pixels.shape[-2:]
        raise DfcanError(
            f"{lr.path} is {height} x {width} px, smaller than the patch of {patch_size}: "
            f"leave it out or pass --set data.patch_size={min(height, width) // 2 * 2}"
        )


def _initialise(model, source: Path) -> None:
    weights = run_folder.weights(source)
    try:
        model.set_weights(load_model(weights).get_weights())
    except ValueError as error:
        raise DfcanError(f"train.init: {source} holds another network: choose the same model settings") from error


def _rival(validation: list[tuple[Pair, Image, Image]], config: Config) -> dict[str, float]:
    planes = [plane for _, *pair in validation for plane in _planes(*pair)]
    return {"smoothed_bicubic_sigma_px": best_smoothing_px(planes, config.model.scale, config.data.target)}


def _write_sample(out: Path, first: tuple[Pair, Image, Image]) -> None:
    _, lr, hr = first
    sample = richest_crop(Plane(lr.planes[0], hr.planes[0]), SAMPLE_PX)
    hr_size = lr.pixel_size_nm and lr.pixel_size_nm / (hr.pixels.shape[-1] // lr.pixels.shape[-1])
    images.write(out / "sample_lr.tif", sample.lr, pixel_size_nm=lr.pixel_size_nm)
    images.write(out / "sample_hr.tif", sample.hr, pixel_size_nm=hr_size)
