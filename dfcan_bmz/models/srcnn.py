"""SRCNN, the first convolutional network for super-resolution (Dong et al. 2016, doi 10.1109/TPAMI.2015.2439281)."""

import keras
from keras import layers

from dfcan_bmz.models.parts import frames_input, interpolate


def srcnn(scale: int, inputs: int, filters: int, output: str) -> keras.Model:
    """Build the network 9-5-5: bicubic interpolation, then three convolutions; 57,281 parameters to learn as published.

    The first convolution has as many channels as `filters` says, the second half as many.
    """
    image = frames_input(inputs)
    x = interpolate(image, scale)
    x = layers.Conv2D(filters, 9, padding="same", activation="relu")(x)
    x = layers.Conv2D(max(1, filters // 2), 5, padding="same", activation="relu")(x)
    x = layers.Conv2D(1, 5, padding="same", activation=output, dtype="float32", name="output")(x)
    return keras.Model(image, x, name="srcnn")
