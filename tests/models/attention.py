"""Weights under which the Fourier branch decides: a briefly trained network would hide its errors."""

import keras
import numpy as np


def convolutions(model):
    """The convolutions in order of evaluation (DFCAN is one chain)."""
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]


def strengthen(model, rng):
    """Let the spectrum move the channel weights over the whole range of their sigmoid, and the output vary."""
    for layer in convolutions(model):
        kernel, bias = layer.get_weights()
        size, _, inputs, outputs = kernel.shape
        if size > 1:
            largest = 1.5 * np.sqrt(6 / (size**2 * (inputs + outputs)))  # keeps the output within about 0..1
            layer.set_weights([rng.uniform(-largest, largest, kernel.shape), rng.normal(0, 0.1, bias.shape)])
        elif outputs < inputs:
            layer.set_weights([np.abs(rng.normal(0, 10 / inputs, kernel.shape)), np.zeros_like(bias)])
        else:
            layer.set_weights([rng.normal(0, 10, kernel.shape), np.zeros_like(bias)])
