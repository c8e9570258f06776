"""How long a training will take and how much memory it needs, before it starts."""

import math
import time
from typing import NamedTuple

import keras
import numpy as np

from dfcan_bmz.config import Config
from dfcan_bmz.engines.devices import accelerators
from dfcan_bmz.events import Events
from dfcan_bmz.models.discriminator import discriminator
from dfcan_bmz.quantities import duration
from dfcan_bmz.resources import memory_bytes

FRAMEWORK_BYTES = 0.8e9  # what Python, Keras and TensorFlow hold before the first step
KEPT = 1.6  # activations are kept for the backward pass, and their gradients live beside them for a while
BACKWARD = 3.0  # a step has the operations of about three forward passes
# share of the rate of large matrix products that a step of convolutions reaches, by the backend of Keras
EFFICIENCY = {"torch": 0.65}
OTHERS_EFFICIENCY = 0.4  # TensorFlow's, 0.35 and 0.44 on two processors
MATRIX = 1024
GB = 1e9


class Estimate(NamedTuple):
    """Of a training on this machine's processor: `seconds_step`, and `bytes` of memory at the peak."""

    seconds_step: float
    bytes: float


def announce(
    model: keras.Model, config: Config, images: int, validation_patches: int, epochs: int, events: Events
) -> None:
    """Report time and memory on this machine's processor, and warn where its memory will not do.

    Parameters
    ----------
    model : keras.Model
        To be trained.
    config : Config
        The whole configuration.
    images : int
        Training images.
    validation_patches : int
        Patches on which every epoch is evaluated; without the backward pass they cost a third.
    epochs : int
        That are still to be trained.
    events : Events
        Hears it.
    """
    parameters = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    if found := accelerators():
        events.tell(f"{parameters:,} parameters, on {', '.join(found[: config.train.devices])}")
        return
    cost, train = estimate(model, config), config.train
    batches = (images * config.data.patches_per_image + validation_patches / 3) / train.batch_size
    seconds = epochs * batches * cost.seconds_step
    limit = f", ended after {train.minutes:g} min" if 0 < 60 * train.minutes < seconds else ""
    events.tell(
        f"{parameters:,} parameters; about {duration(seconds)} for {epochs} epoch{'s' * (epochs != 1)} "
        f"on this processor{limit}, and {cost.bytes / GB:.1f} GB of memory"
    )
    if cost.bytes > memory_bytes():
        events.warning(
            f"this machine has {memory_bytes() / GB:.1f} GB of memory, and the training will probably be "
            "killed: choose a smaller train.batch_size (with train.accumulate) or data.patch_size"
        )


def estimate(model: keras.Model, config: Config) -> Estimate:
    """Count a step's operations and activations, and measure the machine's matrix products for a moment.

    Parameters
    ----------
    model : keras.Model
        (N, H, W, C) to (N, sH, sW, 1).
    config : Config
        Patch and batch.
    """
    operations, activations = operations_and_activations(model, config.data.patch_size)
    operations *= BACKWARD
    train, batch = config.train, config.train.batch_size
    if train.adversarial:
        judge = discriminator(train.discriminator, np.random.default_rng(0))
        judging, judged = operations_and_activations(judge, config.data.patch_size * config.model.scale)
        # forward and back to the image in every step; in some, it learns from a real batch and a predicted one
        operations += (2 + 2 * BACKWARD / train.generator_steps) * judging
        activations += judged
    seconds = operations * batch / (EFFICIENCY.get(keras.backend.backend(), OTHERS_EFFICIENCY) * matrix_rate())
    return Estimate(seconds, bytes_of(model, activations, batch))


def bytes_of(model: keras.Model, activations: float, batch: int) -> float:
    """Memory at the peak of a training, from the numbers in all layers' outputs for one patch."""
    weights = sum(int(np.prod(weight.shape)) for weight in model.weights)
    return FRAMEWORK_BYTES + KEPT * 4 * activations * batch + 4 * 4 * weights


def operations_and_activations(model: keras.Model, size: int) -> tuple[float, float]:
    """Multiplications and additions of all convolutions, and numbers in all layers' outputs, for one patch."""
    fixed = keras.models.clone_model(model, input_tensors=keras.Input((size, size, model.input_shape[-1])))
    operations, activations = 0.0, 0.0
    for layer in fixed.operations:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        sizes = [float(np.prod(tensor.shape[1:])) for tensor in keras.tree.flatten(layer.output)]
        activations += sum(sizes)
        if isinstance(layer, keras.layers.Conv2D):
            operations += 2 * sizes[0] * float(np.prod(layer.kernel.shape[:-1]))
    return operations, activations


def matrix_rate() -> float:
    """Operations a second of a large matrix product, the best of a few."""
    matrix = np.ones((MATRIX, MATRIX), np.float32)
    best = np.inf
    for _ in range(3):
        started = time.perf_counter()
        matrix @ matrix
        best = min(best, time.perf_counter() - started)
    return 2 * MATRIX**3 / best
