"""The training loop: epochs of random patches, best and last weights, early stopping, resuming."""

import math
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from dfcan_bmz import losses, run_folder
from dfcan_bmz.config import Config
from dfcan_bmz.data.loading import loaded
from dfcan_bmz.data.patches import Patches, grid_patches, random_patches
from dfcan_bmz.data.planes import Plane
from dfcan_bmz.errors import UnfinishedError
from dfcan_bmz.run_folder import Row
from dfcan_bmz.training import checkpoint
from dfcan_bmz.training.averaging import averaged
from dfcan_bmz.training.interrupt import interrupt_between_steps
from dfcan_bmz.training.schedules import learning_rate, stale_epochs

OnStep = Callable[[int, int, int, dict[str, float]], None]


def fit(
    model: keras.Model,
    config: Config,
    training: list[Plane],
    validation: list[Plane],
    run: Path,
    on_step: OnStep,
    on_epoch: Callable[[Row], None],
) -> list[Row]:
    """Train until the last epoch, until the validation loss has stopped improving, or until Ctrl-C.

    Parameters
    ----------
    model : keras.Model
        (N, H, W, 1) to (N, sH, sW, 1); trained in place.
    config : Config
        The whole configuration.
    training, validation : list of Plane
        Normalised pairs.
    run : pathlib.Path
        Run folder; if it holds a history, the training goes on after its last row.
    on_step : callable
        Called with epoch, step, steps an epoch and the running means of loss, mse and psnr.
    on_epoch : callable
        Called with each new row of the history.

    Returns
    -------
    list of Row
        The history.

    Raises
    ------
    UnfinishedError
        If the loss is no longer a number.
    KeyboardInterrupt
        After the run folder has been made usable.
    """
    trainer = _trainer(model, config)
    history = run_folder.read_history(run)
    if history:
        checkpoint.restore(run, int(history[-1]["epoch"]), trainer)
    held_out = grid_patches(validation, config.data.patch_size)
    try:
        with interrupt_between_steps() as interrupt:

            def step(*progress) -> None:
                on_step(*progress)
                interrupt()

            while len(history) < config.train.epochs and stale_epochs(history) < config.train.patience:
                started = time.perf_counter()
                epoch = len(history) + 1
                logs = _train_epoch(trainer, config, training, history, step)
                with averaged(trainer):
                    scores = _validate(trainer, held_out, config.train.batch_size)
                    row = logs | {f"val_{name}": value for name, value in scores.items()}
                    history.append({"epoch": epoch, **row, "seconds": time.perf_counter() - started})
                    _save_models(run, model, history)
                checkpoint.save(run, epoch, trainer)
                run_folder.write_history(run, history)
                on_epoch(history[-1])
                interrupt()
    except KeyboardInterrupt:
        if not (run / "model.keras").is_file():
            checkpoint.save_model(run / "model.keras", model)
            checkpoint.save_model(run / "last.keras", model)
        raise
    return history


def _trainer(model: keras.Model, config: Config) -> keras.Model:
    """Compile a twin that shares the weights, so that what is saved carries no optimizer and no loss."""
    trainer = keras.Model(model.inputs, model.outputs)
    trainer.compile(
        optimizer=keras.optimizers.Adam(
            config.train.learning_rate, use_ema=config.train.ema > 0, ema_momentum=config.train.ema
        ),
        loss=losses.LOSSES[config.train.loss](config.train),
        metrics=[losses.mse, losses.psnr],
    )
    return trainer


def _train_epoch(
    trainer: keras.Model, config: Config, training: list[Plane], history: list[Row], on_step: OnStep
) -> dict[str, float]:
    epoch = len(history) + 1
    # a generator of its own for each epoch: a resumed training draws what the unbroken one would have drawn
    rng = np.random.default_rng([config.train.seed, epoch])
    patches = random_patches(training, config.data.patches_per_image, config.data.patch_size, config.data.augment, rng)
    steps = math.ceil(len(patches) / config.train.batch_size)
    sums, count = dict.fromkeys(("loss", "mse", "psnr"), 0.0), 0
    for step, (inputs, targets) in enumerate(loaded(patches, config.train.batch_size)):
        progress = (len(history) + step / steps) / config.train.epochs
        rate = learning_rate(config.train, history, progress)
        trainer.optimizer.learning_rate = rate
        # Keras resets its metrics at each batch: the means over the epoch are ours to keep
        logs = trainer.train_on_batch(inputs, targets, return_dict=True)
        count += len(inputs)
        sums = {name: total + float(logs[name]) * len(inputs) for name, total in sums.items()}
        if not math.isfinite(sums["loss"]):
            raise UnfinishedError(
                f"the loss is {float(logs['loss'])} at step {step + 1} of epoch {epoch}: start again with a lower "
                f"train.learning_rate; the run folder keeps the best weights of the {len(history)} epochs before"
            )
        means = {name: total / count for name, total in sums.items()}
        on_step(epoch, step + 1, steps, means)
    return means | {"lr": rate}


def _validate(trainer: keras.Model, held_out: Patches, batch_size: int) -> dict[str, float]:
    """Means over all patches, of which only a few batches are in memory at a time."""
    sums = dict.fromkeys(("loss", "mse", "psnr"), 0.0)
    for inputs, targets in loaded(held_out, batch_size):
        logs = trainer.test_on_batch(inputs, targets, return_dict=True)
        sums = {name: total + float(logs[name]) * len(inputs) for name, total in sums.items()}
    return {name: total / len(held_out) for name, total in sums.items()}


def _save_models(run: Path, model: keras.Model, history: list[Row]) -> None:
    if stale_epochs(history) == 0:
        checkpoint.save_model(run / "model.keras", model)
    checkpoint.save_model(run / "last.keras", model)
