"""The training loop: epochs of random patches, best and last weights, early stopping, restarting, resuming.

Keras' own ``fit`` and its callbacks do less: `BackupAndRestore` that is killed between its two files resumes with the
weights of one epoch and the number of another, `EarlyStopping` waits anew after a resume, and `SwapEMAWeights` rounds
the weights at each validation.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import keras
import numpy as np

from dfcan_bmz import losses, run_folder
from dfcan_bmz.config import Config
from dfcan_bmz.data.loading import loaded
from dfcan_bmz.data.patches import Patches, grid_patches, random_patches
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.events import SILENT, Events
from dfcan_bmz.run_folder import Row
from dfcan_bmz.training import adversarial, checkpoint, safeguards
from dfcan_bmz.training.averaging import averaged
from dfcan_bmz.training.devices import on_devices, prepare_torch
from dfcan_bmz.training.interrupt import interrupt_between_steps
from dfcan_bmz.training.place import Place
from dfcan_bmz.training.plan import Plan
from dfcan_bmz.training.safeguards import TrainingTroubleError
from dfcan_bmz.training.schedules import learning_rate, stale_epochs
from dfcan_bmz.training.tensorboard import log_epoch
from dfcan_bmz.training.trainer import copy_weights, patch_side, trainer_of
from dfcan_bmz.training.validation import Validation, save_picture, validate


def finished(config: Config, history: list[Row]) -> bool:
    """Whether there is nothing left to train: the last epoch is over, or the validation loss has stopped improving."""
    return len(history) >= config.train.epochs or stale_epochs(history) >= config.train.patience


@contextmanager
def fitting(
    model: keras.Model,
    wanted: Plan,
    place: Place,
    events: Events = SILENT,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Iterator["Fit"]:
    """Make a training ready, on its devices; nothing in the run folder changes before `Fit.run`.

    Parameters
    ----------
    model : keras.Model
        (N, H, W, frames) to (N, sH, sW, 1); trained in place.
    wanted : Plan
        Settings and normalised pairs; of several scales, with LR images that are enlarged already.
    place : Place
        Where the run folder is; if it holds a history, the training goes on after its last row.
    events : Events
        Hears of steps with the running means of loss and PSNR, of each new row of the history, and of an epoch that
        went wrong, after which the training goes back to the epoch before.
    callbacks : sequence of keras.callbacks.Callback
        Keras calls them at every batch and epoch; one may set ``model.stop_training``.

    Raises
    ------
    DfcanError
        If there are fewer devices than the config asks for, or if the run folder's state does not fit the config.
    """
    prepare_torch()
    with on_devices(wanted.config.train.devices), interrupt_between_steps() as interrupt:
        yield Fit(model, wanted, place, events, callbacks, interrupt)


class Fit:
    """A training under way: what learns, and what it has come to."""

    def __init__(
        self,
        model: keras.Model,
        wanted: Plan,
        place: Place,
        events: Events,
        callbacks: Sequence[keras.callbacks.Callback],
        interrupt: Callable[[], None],
    ) -> None:
        config = wanted.config
        self.deadline = time.perf_counter() + 60 * config.train.minutes if config.train.minutes else math.inf
        self.model, self.config, self.planes = model, config, wanted.training.planes
        self.place, self.events, self.interrupt = place, events, interrupt
        self.trainer, self.loss = trainer_of(model, config), losses.LOSSES[config.train.loss](config.train)
        self.learners = [self.trainer, *adversarial.opponents(self.trainer, config)]
        self.beginning = checkpoint.values(self.learners)
        self.history = run_folder.read_history(place.run)
        self.first = len(self.history) + 1
        # whether the output was more than flat after the last epoch
        self.sound = not self.history or checkpoint.restore(place.run, int(self.history[-1]["epoch"]), self.learners)
        self.trainer.stop_training = False
        listening = {"model": self.trainer, "epochs": config.train.epochs, "verbose": 0}
        self.callbacks = keras.callbacks.CallbackList(list(callbacks), **listening)
        self.held_out = grid_patches(wanted.validation.planes, patch_side(config))

    def run(self) -> list[Row]:
        """Train until the last epoch, until the validation loss stops improving, until time is up, or until Ctrl-C.

        Returns
        -------
        list of Row
            The history.

        Raises
        ------
        DfcanError
            If there are fewer patches than devices.
        UnfinishedError
            If the training went wrong twice.
        KeyboardInterrupt
            After the run folder has been made usable.
        """
        self.callbacks.on_train_begin()
        try:
            while not self._over():
                self._epoch()
            self.callbacks.on_train_end()
        except KeyboardInterrupt:
            if not (self.place.run / "model.keras").is_file():
                copy_weights(self.trainer, self.model)
                for name in ("model.keras", "last.keras"):
                    checkpoint.save_model(self.place.run / name, self.model)
            raise
        finally:
            self.events.done()
        return self.history

    def _over(self) -> bool:
        late = bool(self.history) and time.perf_counter() > self.deadline
        return late or self.trainer.stop_training or finished(self.config, self.history)

    def _epoch(self) -> None:
        """Train for an epoch, validate it and save it; or go back, where it went wrong."""
        started = time.perf_counter()
        try:
            logs = self._train()
            with averaged(self.trainer):
                self._evaluate(logs, started)
        except TrainingTroubleError as trouble:
            self._go_back(trouble)
            return
        checkpoint.save(self.place.run, len(self.history), self.learners, self.sound)
        run_folder.write_history(self.place.run, self.history)
        self.place.settle()
        self.events.epoch(self.history[-1])
        self.callbacks.on_epoch_end(len(self.history) - 1, dict(self.history[-1]))
        self.interrupt()

    def _evaluate(self, logs: dict[str, float], started: float) -> None:
        """Validate the weights of an epoch, note their figures, and save them."""
        validated = validate(self.trainer, self.held_out, self.config.train.batch_size, self.loss)
        copy_weights(self.trainer, self.model)
        row = {"epoch": len(self.history) + 1, **logs}
        row |= {f"val_{name}": value for name, value in validated.scores.items()}
        safeguards.check_epoch(row, validated, self.history, int(self.trainer.optimizer.iterations))
        self.sound = not safeguards.is_flat(validated)
        self.history.append(row | {"seconds": time.perf_counter() - started})
        self._save_results(validated)

    def _train(self) -> dict[str, float]:
        """Train for an epoch, or until time is up; the means of its figures."""
        epoch, size, train = len(self.history) + 1, self.config.train.batch_size, self.config.train
        patches, factor = self._patches(epoch), safeguards.rate_factor(self.place.run)
        steps = math.ceil(len(patches) / size)
        sums, count = dict.fromkeys(("loss", "mse", "psnr"), 0.0), 0
        self.callbacks.on_epoch_begin(epoch - 1)
        for step, (inputs, targets) in enumerate(loaded(patches, size)):
            rate = factor * learning_rate(train, self.history, (epoch - 1) * steps + step, train.epochs * steps)
            self.trainer.optimizer.learning_rate = rate
            # Keras resets its metrics at each batch: the means over the epoch are ours to keep
            self.callbacks.on_train_batch_begin(step)
            logs = adversarial.step(self.learners, inputs, targets, train.generator_steps)
            self.callbacks.on_train_batch_end(step, logs)
            safeguards.check_step(float(logs["loss"]), step + 1)
            count += len(inputs)
            sums = {name: total + float(logs[name]) * len(inputs) for name, total in sums.items()}
            means = {name: total / count for name, total in sums.items()}
            if (epoch, step) == (self.first, 0):
                self.events.begin("training", (train.epochs - epoch + 1) * steps, "steps")
            self.events.step(f"epoch {epoch}/{train.epochs}", loss=means["loss"], psnr=means["psnr"])
            self.interrupt()
            if time.perf_counter() >= self.deadline:
                break
        return means | {"lr": rate}

    def _patches(self, epoch: int) -> Patches:
        """Those of an epoch, drawn by a generator of its own: a resumed training draws what an unbroken one draws."""
        rng, data = np.random.default_rng([self.config.train.seed, epoch]), self.config.data
        patches = random_patches(self.planes, data.patches_per_image, patch_side(self.config), data.augment, rng)
        devices = self.config.train.devices
        if len(patches) < devices:
            raise DfcanError(f"fewer patches than devices ({devices}): set a larger data.patches_per_image")
        return patches[: len(patches) // devices * devices]

    def _save_results(self, validated: Validation) -> None:
        run = self.place.run
        if stale_epochs(self.history) == 0:
            checkpoint.save_model(run / "model.keras", self.model)
            save_picture(run, len(self.history), validated.examples)
        checkpoint.save_model(run / "last.keras", self.model)
        if self.config.train.tensorboard:
            log_epoch(run, self.history[-1], validated.examples)

    def _go_back(self, trouble: TrainingTroubleError) -> None:
        """Return to the last good weights at half the rate, once, and say so."""
        run, epoch = self.place.run, len(self.history) + 1
        if safeguards.rate_factor(run) < 1:
            kept = f"; the run folder keeps the best weights of the {epoch - 1} epochs before" if self.history else ""
            raise UnfinishedError(
                f"epoch {epoch} failed again, {trouble}: start again with a lower train.learning_rate{kept}"
            ) from trouble
        safeguards.note_restart(run, epoch, str(trouble))
        if not self.sound:
            self.history.clear()
            run_folder.write_history(run, self.history)
            checkpoint.forget(run)
        if self.history:
            checkpoint.restore(run, int(self.history[-1]["epoch"]), self.learners)
        else:
            checkpoint.assign(self.learners, self.beginning)
        source = f"the weights of epoch {len(self.history)}" if self.history else "the first weights"
        self.events.warning(f"epoch {epoch} went wrong: {trouble}. Going on from {source} at half the learning rate")
