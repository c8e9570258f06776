"""VDSR, very deep super-resolution (Kim et al. 2016, doi 10.1109/CVPR.2016.182)."""

import keras
from keras import layers

from dfcan_bmz.models.parts import frames_input, interpolate, mean_frame


def vdsr(scale: int, inputs: int, filters: int, blocks: int) -> keras.Model:
    """Build the network: what a chain of `blocks` convolutions adds to the bicubic image.

    It has 665,921 parameters to learn as published.
    """
    image = frames_input(inputs)
    enlarged = interpolate(image, scale)
    x = enlarged
    for _ in range(blocks - 1):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer="he_normal")(x)
    x = layers.Conv2D(1, 3, padding="same", dtype="float32", name="output")(x)
    return keras.Model(image, mean_frame(enlarged) + x, name="vdsr")
