"""EDSR, enhanced deep super-resolution (Lim et al. 2017, doi 10.1109/CVPRW.2017.151)."""

import keras
from keras import layers

from dfcan_bmz.models.parts import frames_input, last_convolution, shuffle_up

LARGE, RESIDUAL_SCALING = 256, 0.1


def edsr(scale: int, inputs: int, filters: int, blocks: int, output: str) -> keras.Model:
    """Build the network: residual blocks without batch normalisation, pixel shuffle at the end.

    The published baseline, of 64 `filters` and 16 `blocks`, has 1,367,553 parameters at scale 2. The large network, of
    256 and 32, scales its residuals by 0.1 to keep its training stable.
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
