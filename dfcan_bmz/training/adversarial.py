"""DFGAN: a network trained against a discriminator, as its authors do (Qiao et al. 2021).

The network's loss is that of its images and `train.adversarial` times the discriminator's cross-entropy for taking them
as real. The discriminator learns from every `train.generator_steps`-th batch, before the network does.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from dfcan_bmz.config import Config, TrainConfig
from dfcan_bmz.models.discriminator import discriminator

RATE = 0.2  # of the discriminator, times that of the network: 2e-5 beside 1e-4, as published
STREAM = 0  # of random numbers; epochs, which are counted from 1, have theirs


def opposed(trainer: keras.Model, loss: Callable, train: TrainConfig) -> Callable:
    """Give a network a discriminator to please; its loss then.

    Parameters
    ----------
    trainer : keras.Model
        (N, H, W, frames) to (N, sH, sW, 1). Gets the discriminator as its `judge`, whose weights are among its own, but
        not learnt by it: so they are a part of the step on every backend.
    loss : callable
        Of truth and prediction; (N,).
    train : TrainConfig
        Weight and width of the discriminator, and the seed of its first weights.
    """
    trainer.judge = discriminator(train.discriminator, np.random.default_rng([train.seed, STREAM]))
    trainer.judge.trainable = False

    def adversarial(truth, prediction):
        return loss(truth, prediction) + train.adversarial * ops.softplus(-trainer.judge(prediction))[:, 0]

    return adversarial


def opponents(trainer: keras.Model, config: Config) -> list[keras.Model]:
    """The discriminator that learns beside `trainer`, compiled; none where nobody asked for it."""
    train = config.train
    if not train.adversarial:
        return []
    learning = discriminator(train.discriminator, np.random.default_rng([train.seed, STREAM]))
    learning.compile(
        keras.optimizers.Adam(RATE * train.learning_rate, global_clipnorm=train.clip or None),
        keras.losses.BinaryCrossentropy(from_logits=True),
        jit_compile=trainer.jit_compile,
    )
    learning.optimizer.build(learning.trainable_variables)
    return [learning]


def step(learners: list[keras.Model], inputs: np.ndarray, targets: np.ndarray, every: int) -> dict[str, Any]:
    """Train on a batch; the figures of the network, whose loss is that of its images alone.

    Parameters
    ----------
    learners : list of keras.Model
        The network, and its opponent if it has one.
    inputs, targets : numpy.ndarray
        (N, H, W, frames) and (N, sH, sW, 1).
    every : int
        Steps of the network for one of its opponent.
    """
    trainer, *others = learners
    for opponent in others:
        if int(trainer.optimizer.iterations) % every == 0:
            _teach(opponent, trainer, inputs, targets)
    logs = trainer.train_on_batch(inputs, targets, return_dict=True)
    return logs | {"loss": logs["image_loss"]} if others else logs


def _teach(opponent: keras.Model, trainer: keras.Model, inputs: np.ndarray, targets: np.ndarray) -> None:
    """One step on real images and one on predictions; the judge of the network then knows what its opponent knows."""
    opponent.optimizer.learning_rate = RATE * ops.convert_to_numpy(trainer.optimizer.learning_rate)
    predicted = ops.convert_to_numpy(trainer.predict_on_batch(inputs))
    for images, real in ((targets, 1.0), (predicted, 0.0)):
        opponent.train_on_batch(images, np.full((len(images), 1), real, np.float32))
    for known, learnt in zip(trainer.judge.variables, opponent.variables, strict=True):
        known.assign(np.array(ops.convert_to_numpy(learnt)))
