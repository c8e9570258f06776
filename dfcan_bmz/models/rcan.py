"""RCAN, the residual channel attention network (Zhang et al. 2018, doi 10.1007/978-3-030-01234-2_18)."""

import keras
from keras import layers

from dfcan_bmz.models.parts import frames_input, last_convolution, shuffle_up

REDUCTION = 16


def rcan(scale: int, inputs: int, filters: int, groups: int, blocks: int, output: str) -> keras.Model:
    """Build the network: residual groups of residual blocks with channel attention, in a residual whole.

    It has 15,442,337 parameters as published at scale 2, for one channel.
    """
    image = frames_input(inputs)
    head = layers.Conv2D(filters, 3, padding="same")(image)
    x = head
    for _ in range(groups):
        y = x
        for _ in range(blocks):
            y = attention_block(y)
        x = x + layers.Conv2D(filters, 3, padding="same")(y)
    x = head + layers.Conv2D(filters, 3, padding="same")(x)
    return keras.Model(image, last_convolution(shuffle_up(x, filters, scale), output), name="rcan")


def attention_block(x):
    """Residual channel attention block; (N, H, W, C)."""
    filters = x.shape[-1]
    y = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    y = layers.Conv2D(filters, 3, padding="same")(y)
    w = layers.GlobalAveragePooling2D(keepdims=True)(y)  # (N, 1, 1, C)
    w = layers.Conv2D(max(1, filters // REDUCTION), 1, activation="relu")(w)
    return x + y * layers.Conv2D(filters, 1, activation="sigmoid")(w)
