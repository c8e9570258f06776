"""Saving and restoring a training so that it goes on as if it had never stopped.

``state/<epoch>.npz`` holds all weights and the optimizers' variables after that epoch, of the network and of its
discriminator if it has one, and whether its output was sound. It is written before the epoch's row enters
``history.csv``, and the two newest are kept: the last row always finds its state, whenever a kill comes.
"""

from pathlib import Path

import keras
import numpy as np

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.staging import replacing


def save(run: Path, epoch: int, learners: list[keras.Model], sound: bool) -> None:
    """Write the state after `epoch`, whose output was more than flat if `sound`, and drop all but the newest two."""
    with replacing(_file(run, epoch)) as temporary:
        np.savez(temporary, *values(learners), sound=np.array(sound))
    for old in sorted((run / "state").glob("*.npz"))[:-2]:
        old.unlink()


def restore(run: Path, epoch: int, learners: list[keras.Model]) -> bool:
    """Bring weights and optimizers back to what they were after `epoch`.

    Returns
    -------
    bool
        Whether the output was more than flat then; true of a state that does not say, which an earlier version wrote.

    Raises
    ------
    DfcanError
        If there is no such state, or it belongs to another network.
    """
    file = _file(run, epoch)
    if not file.is_file():
        raise DfcanError(f"{file} is missing: this run cannot be resumed, start again with train.init={run}")
    with np.load(file) as stored:
        arrays = [stored[key] for key in stored.files if key != "sound"]
        sound = bool(stored["sound"]) if "sound" in stored.files else True
    if [array.shape for array in arrays] != [tuple(variable.shape) for variable in _variables(learners)]:
        raise DfcanError(
            f"{file} belongs to another network or optimizer: resume with the run's own settings of model, "
            "train.ema, train.accumulate, train.precision and train.adversarial"
        )
    assign(learners, arrays)
    return sound


def forget(run: Path) -> None:
    """Remove all states: the epochs begin anew, and the newest two would be those of before."""
    for old in (run / "state").glob("*.npz"):
        old.unlink()


def values(learners: list[keras.Model]) -> list[np.ndarray]:
    """All weights, and the optimizers' variables, as they are now."""
    # a copy: on some backends an array is a view of the variable
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in _variables(learners)]


def assign(learners: list[keras.Model], arrays: list[np.ndarray]) -> None:
    """Bring back what `values` gave."""
    for variable, array in zip(_variables(learners), arrays, strict=True):
        variable.assign(array)


def save_model(path: Path, model: keras.Model) -> None:
    """Write a ``.keras`` file atomically."""
    with replacing(path) as temporary:
        model.save(temporary)


def _file(run: Path, epoch: int) -> Path:
    return run / "state" / f"{epoch:06d}.npz"


def _variables(learners: list[keras.Model]) -> list[keras.Variable]:
    return [variable for model in learners for variable in (*model.weights, *model.optimizer.variables)]
