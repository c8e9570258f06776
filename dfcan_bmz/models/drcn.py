"""DRCN, the deeply recursive convolutional network (Kim et al. 2016, doi 10.1109/CVPR.2016.181)."""

import keras
from keras import layers, ops

from dfcan_bmz.models.parts import frames_input, interpolate, mean_frame


def drcn(scale: int, inputs: int, filters: int, blocks: int) -> keras.Model:
    """Build the network: one convolution applied `blocks` times, every state reconstructed, all averaged.

    Of the published training, the supervision of every single reconstruction is left out: the weighted average alone
    is compared with the target. 1,775,121 parameters to learn as published.
    """
    image = frames_input(inputs)
    enlarged = interpolate(image, scale)
    x = layers.Conv2D(filters, 3, padding="same", activation="relu")(enlarged)
    x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    recursion = layers.Conv2D(filters, 3, padding="same", activation="relu")
    first = layers.Conv2D(filters, 3, padding="same", activation="relu")
    last = layers.Conv2D(1, 3, padding="same")
    base, reconstructions = mean_frame(enlarged), []
    for _ in range(blocks):
        x = recursion(x)
        reconstructions.append(base + last(first(x)))
    average = keras.initializers.Constant(1 / blocks)
    mean = layers.Conv2D(1, 1, use_bias=False, kernel_initializer=average, dtype="float32", name="output")
    return keras.Model(image, mean(ops.concatenate(reconstructions, axis=-1)), name="drcn")
