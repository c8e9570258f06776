"""The moving average of the weights: what a training with `train.ema` validates and saves."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np


@contextmanager
def averaged(trainer: keras.Model) -> Iterator[None]:
    """Put the optimizer's moving average in the place of the weights, and the weights back when the block ends.

    An exponential moving average of the weights along the training (Polyak and Juditsky 1992, doi 10.1137/0330046) has
    less of the noise of the last steps. Without one, nothing changes.

    Parameters
    ----------
    trainer : keras.Model
        Compiled; its optimizer keeps the average as a state of its own, so that a resumed training has it too.
    """
    # around an optimizer for 16 bits stands another one, which scales the loss
    if not getattr(trainer.optimizer, "inner_optimizer", trainer.optimizer).use_ema:
        yield
        return
    variables = trainer.trainable_variables
    weights = [keras.ops.convert_to_numpy(variable) for variable in variables]
    trainer.optimizer.finalize_variable_values(variables)
    for variable in variables:  # JAX gives a step's arrays away, and the average must not be among them
        variable.assign(np.array(keras.ops.convert_to_numpy(variable)))
    try:
        yield
    finally:
        for variable, weight in zip(variables, weights, strict=True):
            variable.assign(weight)
