"""Interpolation in the form of a network without weights to learn: what every network has to beat."""

import keras

from dfcan_bmz.models.parts import LANCZOS_SUPPORT, grey_input, interpolate, lanczos3


def bicubic(scale: int) -> keras.Model:
    """Cubic convolution; (N, H, W, 1) to (N, sH, sW, 1)."""
    image = grey_input()
    return keras.Model(image, interpolate(image, scale), name="bicubic")


def lanczos(scale: int) -> keras.Model:
    """Lanczos interpolation with three lobes; (N, H, W, 1) to (N, sH, sW, 1)."""
    image = grey_input()
    return keras.Model(image, interpolate(image, scale, lanczos3, LANCZOS_SUPPORT), name="lanczos")
