"""What is trained: the network with its loss and optimizer, in the precision and on the devices of the config."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np

from dfcan_bmz import losses
from dfcan_bmz.config import Config, ModelConfig
from dfcan_bmz.engines.devices import accelerators
from dfcan_bmz.models import build_model
from dfcan_bmz.training.adversarial import opposed


def trainer_of(model: keras.Model, config: Config) -> keras.Model:
    """Compile a twin of the network, so that what is saved carries no optimizer and no loss.

    The twin shares the weights, unless another precision or several devices want variables of their own: see
    `copy_weights`. Where it learns from several scales, it lacks the enlargement, and takes images that are enlarged.
    """
    train = config.train
    trainer = _twin(model, config)
    optimizer = keras.optimizers.Adam(
        train.learning_rate,
        global_clipnorm=train.clip or None,
        use_ema=train.ema > 0,
        ema_momentum=train.ema,
        gradient_accumulation_steps=train.accumulate if train.accumulate > 1 else None,
    )
    if train.precision == "mixed_float16":  # small gradients would vanish
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    loss = image_loss = losses.LOSSES[train.loss](train)
    metrics = [losses.mse, losses.psnr]
    if train.adversarial:
        loss = opposed(trainer, image_loss, train)
        metrics.append(keras.metrics.MeanMetricWrapper(image_loss, name="image_loss"))
    trainer.compile(optimizer, loss, metrics=metrics, jit_compile=_compile_how())
    trainer.optimizer.build(trainer.trainable_variables)
    return trainer


def _twin(model: keras.Model, config: Config) -> keras.Model:
    train = config.train
    walks = _torch_trains(train.precision)
    if (train.precision == "float32" or walks) and train.devices == 1 and not config.data.other_scales:
        network = model
    else:
        with _dtype_policy("float32" if walks else train.precision):
            network = build_model(_trained(config), np.random.default_rng(0))
        copy_weights(model, network)
    if walks:
        from dfcan_bmz.training.on_torch import Walked

        return Walked(network, train.precision == "mixed_bfloat16")
    return keras.Model(network.inputs[0], network.outputs[0])


def _torch_trains(precision: str) -> bool:
    """Whether PyTorch is Keras' backend, and on a processor, where its own functions are faster than Keras' layers."""
    return keras.backend.backend() == "torch" and precision != "mixed_float16" and not accelerators()


def patch_side(config: Config) -> int:
    """Side of the patches that are trained on: in LR pixels, or, of images that are enlarged, in HR pixels."""
    return config.data.patch_size * config.model.scale // _trained(config).scale


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Bring what is learnt from one twin to the other, where the two do not share it."""
    for ours, theirs in zip(target.trainable_variables, source.trainable_variables, strict=True):
        if ours is not theirs:
            # a copy: JAX gives a step's arrays away
            ours.assign(np.array(keras.ops.convert_to_numpy(theirs)))


def _trained(config: Config) -> ModelConfig:
    """The network without its enlargement where it learns from several scales."""
    return config.model.model_copy(update={"scale": 1}) if config.data.other_scales else config.model


def _compile_how() -> bool | str:
    """Whether XLA compiles the step: on a processor, TensorFlow's own kernels are faster, and start sooner."""
    return False if keras.backend.backend() == "tensorflow" and not accelerators() else "auto"


@contextmanager
def _dtype_policy(name: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
