"""The training loop: epochs of random patches, best and last weights, early stopping, restarting, resuming."""

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np

from dfcan_bmz import losses, run_folder
from dfcan_bmz.config import Config
from dfcan_bmz.data.loading import loaded
from dfcan_bmz.data.patches import grid_patches, random_patches
from dfcan_bmz.data.planes import Plane
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.events import SILENT, Events
from dfcan_bmz.run_folder import Row
from dfcan_bmz.training import adversarial, checkpoint, safeguards
from dfcan_bmz.training.averaging import averaged
from dfcan_bmz.training.devices import on_devices, prepare_torch
from dfcan_bmz.training.interrupt import interrupt_between_steps
from dfcan_bmz.training.safeguards import TrainingTroubleError
from dfcan_bmz.training.schedules import learning_rate, stale_epochs
from dfcan_bmz.training.tensorboard import log_epoch
from dfcan_bmz.training.trainer import copy_weights, patch_side, trainer_of
from dfcan_bmz.training.validation import Validation, save_picture, validate


def fit(
    model: keras.Model,
    config: Config,
    training: list[Plane],
    validation: list[Plane],
    run: Path,
    on_begin: Callable[[], None],
    settle: Callable[[], Path],
    events: Events = SILENT,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> list[Row]:
    """Train until the last epoch, until the validation loss has stopped improving, until time is up, or until Ctrl-C.

    Parameters
    ----------
    model : keras.Model
        (N, H, W, frames) to (N, sH, sW, 1); trained in place.
    config : Config
        The whole configuration.
    training, validation : list of Plane
        Normalised pairs; of several scales, with LR images that are enlarged already.
    run : pathlib.Path
        Run folder; if it holds a history, the training goes on after its last row.
    on_begin : callable
        Called before the first step, if there is anything left to train: nothing in the run folder has changed by then.
    settle : callable
        Called when an epoch is saved; where the run folder is from then on.
    events : Events
        Hears of steps with the running means of loss and PSNR, of each new row of the history, and of an epoch that
        went wrong, after which the training goes back to the epoch before.
    callbacks : sequence of keras.callbacks.Callback
        Keras calls them at every batch and epoch; one may set ``model.stop_training``.

    Returns
    -------
    list of Row
        The history.

    Raises
    ------
    DfcanError
        If there are fewer devices than the config asks for, or patches than devices, or if the run folder's state does
        not fit the config.
    UnfinishedError
        If the training went wrong twice.
    KeyboardInterrupt
        After the run folder has been made usable.
    """
    deadline = time.perf_counter() + 60 * config.train.minutes if config.train.minutes else math.inf
    prepare_torch()
    with on_devices(config.train.devices), interrupt_between_steps() as interrupt:
        trainer = trainer_of(model, config)
        listeners = _listeners(callbacks, trainer, config)
        learners = [trainer, *adversarial.opponents(trainer, config)]
        beginning = checkpoint.values(learners)
        history = run_folder.read_history(run)
        before = len(history)
        # whether the output was more than flat after the last epoch
        sound = checkpoint.restore(run, int(history[-1]["epoch"]), learners) if history else True
        if not finished(config, history):
            on_begin()
        listeners.on_train_begin()

        def step(epoch: int, number: int, steps: int, means: dict[str, float]) -> bool:
            if (epoch, number) == (before + 1, 1):
                events.begin("training", (config.train.epochs - before) * steps, "steps")
            events.step(f"epoch {epoch}/{config.train.epochs}", loss=means["loss"], psnr=means["psnr"])
            interrupt()
            return time.perf_counter() < deadline

        try:
            held_out = grid_patches(validation, patch_side(config))
            while not (finished(config, history) or trainer.stop_training):
                if history and time.perf_counter() > deadline:
                    break
                started = time.perf_counter()
                try:
                    factor = safeguards.rate_factor(run)
                    logs = _train_epoch(learners, config, training, history, factor, step, listeners)
                    with averaged(trainer):
                        validated = validate(trainer, held_out, config.train.batch_size, _loss(config))
                        copy_weights(trainer, model)
                        row = {"epoch": len(history) + 1, **logs}
                        row |= {f"val_{name}": value for name, value in validated.scores.items()}
                        safeguards.check_epoch(row, validated, history, int(trainer.optimizer.iterations))
                        sound = not safeguards.is_flat(validated)
                        history.append(row | {"seconds": time.perf_counter() - started})
                        _save_results(run, model, config, history, validated)
                except TrainingTroubleError as trouble:
                    events.warning(_go_back(run, learners, beginning, history, sound, trouble))
                    continue
                checkpoint.save(run, len(history), learners, sound)
                run_folder.write_history(run, history)
                run = settle()
                events.epoch(history[-1])
                listeners.on_epoch_end(len(history) - 1, dict(history[-1]))
                interrupt()
            listeners.on_train_end()
        except KeyboardInterrupt:
            if not (run / "model.keras").is_file():
                copy_weights(trainer, model)
                checkpoint.save_model(run / "model.keras", model)
                checkpoint.save_model(run / "last.keras", model)
            raise
        finally:
            events.done()
    return history


def _listeners(
    callbacks: Sequence[keras.callbacks.Callback], trainer: keras.Model, config: Config
) -> keras.callbacks.CallbackList:
    trainer.stop_training = False
    return keras.callbacks.CallbackList(list(callbacks), model=trainer, epochs=config.train.epochs, verbose=0)


def finished(config: Config, history: list[Row]) -> bool:
    """Whether there is nothing left to train: the last epoch is over, or the validation loss has stopped improving."""
    return len(history) >= config.train.epochs or stale_epochs(history) >= config.train.patience


def _loss(config: Config) -> Callable:
    return losses.LOSSES[config.train.loss](config.train)


def _train_epoch(
    learners: list[keras.Model],
    config: Config,
    training: list[Plane],
    history: list[Row],
    factor: float,
    on_step: Callable[..., bool],
    listeners: keras.callbacks.CallbackList,
) -> dict[str, float]:
    """Train for an epoch, or until `on_step` says that time is up; the means of its figures."""
    epoch, size = len(history) + 1, config.train.batch_size
    # a generator of its own for each epoch: a resumed training draws what the unbroken one would have drawn
    rng = np.random.default_rng([config.train.seed, epoch])
    patches = random_patches(training, config.data.patches_per_image, patch_side(config), config.data.augment, rng)
    patches = patches[: len(patches) // config.train.devices * config.train.devices]
    if not len(patches):
        raise DfcanError(f"fewer patches than devices ({config.train.devices}): set a larger data.patches_per_image")
    steps = math.ceil(len(patches) / size)
    sums, count = dict.fromkeys(("loss", "mse", "psnr"), 0.0), 0
    listeners.on_epoch_begin(epoch - 1)
    for step, (inputs, targets) in enumerate(loaded(patches, size)):
        rate = factor * learning_rate(config.train, history, len(history) * steps + step, config.train.epochs * steps)
        learners[0].optimizer.learning_rate = rate
        # Keras resets its metrics at each batch: the means over the epoch are ours to keep
        listeners.on_train_batch_begin(step)
        logs = adversarial.step(learners, inputs, targets, config.train.generator_steps)
        listeners.on_train_batch_end(step, logs)
        safeguards.check_step(float(logs["loss"]), step + 1)
        count += len(inputs)
        sums = {name: total + float(logs[name]) * len(inputs) for name, total in sums.items()}
        means = {name: total / count for name, total in sums.items()}
        if not on_step(epoch, step + 1, steps, means):
            break
    return means | {"lr": rate}


def _save_results(run: Path, model: keras.Model, config: Config, history: list[Row], validated: Validation) -> None:
    if stale_epochs(history) == 0:
        checkpoint.save_model(run / "model.keras", model)
        save_picture(run, len(history), validated.examples)
    checkpoint.save_model(run / "last.keras", model)
    if config.train.tensorboard:
        log_epoch(run, history[-1], validated.examples)


def _go_back(
    run: Path,
    learners: list[keras.Model],
    beginning: list[np.ndarray],
    history: list[Row],
    sound: bool,
    trouble: TrainingTroubleError,
) -> str:
    """Return to the last good weights at half the rate, once, and say so; `sound`: those of the last epoch are good."""
    epoch = len(history) + 1
    if safeguards.rate_factor(run) < 1:
        kept = f"; the run folder keeps the best weights of the {len(history)} epochs before" if history else ""
        raise UnfinishedError(
            f"epoch {epoch} went wrong again, {trouble}: start again with a lower train.learning_rate{kept}"
        ) from trouble
    safeguards.note_restart(run, epoch, str(trouble))
    if not sound:
        history.clear()
        run_folder.write_history(run, history)
        checkpoint.forget(run)
    if history:
        checkpoint.restore(run, int(history[-1]["epoch"]), learners)
    else:
        checkpoint.assign(learners, beginning)
    source = f"the weights of epoch {len(history)}" if history else "the first weights"
    return f"epoch {epoch} went wrong: {trouble}. Going on from {source} at half the learning rate"
