"""EDSR, enhanced deep super-resolution (Lim et al. 2017, doi 10.1109/CVPRW.2017.151)."""

import keras
from keras import layers

from dfcan_bmz.models.parts import frames_input, last_convolution, shuffle_up

LARGE, RESIDUAL_SCALING = 256, 0.1


def edsr(scale: int, inputs: int, filters: int, blocks: int, output: str) -> keras.Model:
    """Build the network: residual blocks without batch normalisation, pixel shuffle at the end.

    Parameters
    ----------
    scale : int
        Scale factor s.
    inputs : int
        Frames C of an image.
    filters, blocks : int
        Width and depth (published baseline: 64 and 16; the large network: 256 and 32, whose residuals are scaled by
        0.1 to keep its training stable).
    output : {"sigmoid", "linear"}
        Last activation (published: linear).

    Returns
    -------
    keras.Model
        (N, H, W, C) to (N, sH, sW, 1); 1,367,553 parameters for the baseline at scale 2.
    """
    image = frames_input(inputs)
    head = layers.Conv2D(filters, 3, padding="same")(image)
    x = head
    scaling = RESIDUAL_SCALING if filters >= LARGE else 1
    for _ in range(blocks):
        y = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        y = layers.Conv2D(filters, 3, padding="same")(y)
        x = x + y * scaling
    x = head + layers.Conv2D(filters, 3, padding="same")(x)
    return keras.Model(image, last_convolution(shuffle_up(x, filters, scale), output), name="edsr")
