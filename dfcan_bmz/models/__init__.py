"""The networks: one architecture = one file = one function."""

import keras
import numpy as np

from dfcan_bmz.config import ModelConfig
from dfcan_bmz.models.dfcan import dfcan

MODELS = {"dfcan": dfcan}


def build_model(config: ModelConfig, rng: np.random.Generator) -> keras.Model:
    """Build a network with fresh weights.

    Parameters
    ----------
    config : ModelConfig
        Architecture and size.
    rng : numpy.random.Generator
        Source of the initial weights.

    Returns
    -------
    keras.Model
        (N, H, W, 1) to (N, sH, sW, 1), float32.
    """
    model = MODELS[config.name](**config.model_dump(exclude={"name"}))
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            seeded = layer.kernel_initializer.get_config() | {"seed": int(rng.integers(2**31))}
            initializer = type(layer.kernel_initializer).from_config(seeded)
            layer.kernel.assign(initializer(layer.kernel.shape))
    return model


def reach(config: ModelConfig) -> int:
    """How many LR pixels away the convolutions carry a pixel's influence (attention, which is global, aside)."""
    return 2 * config.groups * config.blocks + 3
