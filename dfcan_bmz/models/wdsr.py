"""WDSR-A, wide activation for super-resolution (Yu et al. 2018, arXiv 1808.08718)."""

import keras
from keras import layers, ops

from dfcan_bmz.models.parts import frames_input

EXPANSION = 4


def wdsr(scale: int, inputs: int, filters: int, blocks: int) -> keras.Model:
    """Build the network: blocks that widen before the activation, weights normalised, one linear way around.

    `filters` is the width between the blocks.
    """
    image = frames_input(inputs)
    x = normalized_convolution(image, filters, 3)
    for _ in range(blocks):
        y = ops.relu(normalized_convolution(x, filters * EXPANSION, 3))
        x = x + normalized_convolution(y, filters, 3)
    x = normalized_convolution(x, scale**2, 3) + normalized_convolution(image, scale**2, 5)
    return keras.Model(image, ops.depth_to_space(x, scale), name="wdsr")


def normalized_convolution(x, filters: int, size: int):
    """Convolution whose kernels have norm 1, times a learnt gain, plus a bias (Salimans and Kingma 2016)."""
    unit = keras.constraints.UnitNorm([0, 1, 2])
    x = layers.Conv2D(filters, size, padding="same", use_bias=False, kernel_constraint=unit)(x)
    return layers.DepthwiseConv2D(1, depthwise_initializer="ones")(x)
