"""Interpolation in the form of a network without weights to learn: what every network has to beat."""

import keras

from dfcan_bmz.models.parts import LANCZOS_SUPPORT, frames_input, interpolate, lanczos3, mean_frame


def bicubic(scale: int, inputs: int) -> keras.Model:
    """Cubic convolution of the mean of C frames; (N, H, W, C) to (N, sH, sW, 1)."""
    image = frames_input(inputs)
    return keras.Model(image, mean_frame(interpolate(image, scale)), name="bicubic")


def lanczos(scale: int, inputs: int) -> keras.Model:
    """Lanczos interpolation with three lobes, of the mean of C frames; (N, H, W, C) to (N, sH, sW, 1)."""
    image = frames_input(inputs)
    return keras.Model(image, mean_frame(interpolate(image, scale, lanczos3, LANCZOS_SUPPORT)), name="lanczos")
