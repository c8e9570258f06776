"""DFCAN, the deep Fourier channel attention network (Qiao et al. 2021, doi 10.1038/s41592-020-01048-5).

Stock layers and ``keras.ops`` alone, so that a saved model loads without this package; H and W free, but even.
"""

import keras
from keras import layers, ops

from dfcan_bmz.models.constants import EPS, EXPONENT
from dfcan_bmz.models.parts import frames_input

REDUCTION = 16
# Variances of the initial weights. GELU is a straight line near 0, and with Keras' default the first layer leaves so
# little of the image that the network begins, and long stays, as a linear filter. Here features begin at about the size
# of the image (He et al. 2015, doi 10.1109/ICCV.2015.123), each block adds a part of theirs, each group doubles them,
# and the output begins near 0: docs/training.md has what that is worth.
HE, ADDED, LAST = 2.0, 0.5, 0.32


def dfcan(
    scale: int, inputs: int, filters: int, groups: int, blocks: int, output: str, attention: str = "fourier"
) -> keras.Model:
    """Build the network: 1,930,753 parameters as published at scale 2.

    `inputs` is 1, or 9 and 25 raw frames of structured illumination, as published. The published `output` is "sigmoid".
    `attention` weights a channel by its power spectrum ("fourier", published), by its mean as in RCAN ("mean"), or not
    at all ("none").
    """
    image = frames_input(inputs)
    x = gelu_convolution(image, filters, HE)  # (N, H, W, C)
    for _ in range(groups):
        x = residual_group(x, blocks, attention)
    x = gelu_convolution(x, filters * scale**2, HE)  # (N, H, W, C s^2)
    x = ops.depth_to_space(x, scale)  # (N, sH, sW, C)
    last = {"activation": output, "kernel_initializer": keras.initializers.VarianceScaling(LAST / 4**groups)}
    x = layers.Conv2D(1, 3, padding="same", dtype="float32", name="output", **last)(x)  # (N, sH, sW, 1)
    return keras.Model(image, x, name="dfcan")


def residual_group(x, blocks: int, attention: str):
    """Add to `x` what `blocks` attention blocks make of it; (N, H, W, C)."""
    y = x
    for _ in range(blocks):
        y = attention_block(y, attention)
    return x + y


def attention_block(x, attention: str):
    """Two convolutions, weighted by channel, added to `x`; (N, H, W, C)."""
    filters = x.shape[-1]
    y = gelu_convolution(x, filters, HE)
    if attention == "none":  # begins as the others do, whose weights begin near 1/2
        return x + gelu_convolution(y, filters, ADDED / 4)
    y = gelu_convolution(y, filters, ADDED)
    return x + y * channel_weights(y, attention)


def gelu_convolution(x, filters: int, variance: float):
    """Convolution of 3 x 3 and GELU, with initial weights of `variance` over the number of inputs; (N, H, W, C)."""
    initial = keras.initializers.VarianceScaling(variance)
    return layers.Conv2D(filters, 3, padding="same", activation="gelu", kernel_initializer=initial)(x)


def channel_weights(y, attention: str):
    """Weight of each channel, from its power spectrum or its mean; (N, H, W, C) to (N, 1, 1, C)."""
    filters = y.shape[-1]
    if attention == "fourier":
        y = layers.Conv2D(filters, 3, padding="same", activation="relu")(spectrum(y))  # (N, H, W, C)
    w = layers.GlobalAveragePooling2D(keepdims=True)(y)  # (N, 1, 1, C)
    w = layers.Conv2D(max(1, filters // REDUCTION), 1, activation="relu")(w)
    return layers.Conv2D(filters, 1, activation="sigmoid")(w)


def spectrum(y):
    """Centred Fourier magnitude to the power 0.8, ``fftshift(abs(fft2(y, norm="ortho"))) ** 0.8``.

    Only real transforms run, and only over half the plane: with A + iB the transform of a row, the transform of a
    column of it is (Ar - Bi) + i (Ai + Br) at the frequency +u and (Ar + Bi) + i (Br - Ai) at -u; the other half plane
    follows from abs(F(-u, -v)) = abs(F(u, v)). Magnitudes are orthonormal, so that the attention hardly depends on
    the size of a tile, and float32 under every dtype policy.

    Parameters
    ----------
    y : tensor
        (N, H, W, C); H and W even (an odd size would lose its last row or column).

    Returns
    -------
    tensor
        (N, H, W, C) float32, zero frequency at (H / 2, W / 2).
    """
    y = ops.transpose(ops.cast(y, "float32"), (0, 3, 1, 2))  # (N, C, H, W)
    pixels = ops.sum(ops.ones_like(y[:1, :1]), axis=(2, 3), keepdims=True)  # H W, whatever they are at run time
    a, b = ops.rfft(y)  # (N, C, H, W/2+1) each: v = 0..W/2
    a_re, a_im = ops.rfft(ops.transpose(a, (0, 1, 3, 2)))  # (N, C, W/2+1, H/2+1): u = 0..H/2
    b_re, b_im = ops.rfft(ops.transpose(b, (0, 1, 3, 2)))
    pos = magnitude(a_re - b_im, a_im + b_re, pixels)  # at (+u, v)
    neg = magnitude(a_re + b_im, b_re - a_im, pixels)  # at (-u, v)
    right = ops.concatenate([ops.flip(neg[..., 1:], -1), pos[..., :-1]], axis=-1)  # u = -H/2..H/2-1, v = 0..W/2
    left = ops.concatenate([ops.flip(pos[..., 1:], -1), neg[..., :-1]], axis=-1)  # the same u, at -v
    centred = ops.concatenate([ops.flip(left[:, :, 1:], 2), right[:, :, :-1]], axis=2)  # v = -W/2..W/2-1
    return ops.transpose(centred, (0, 3, 2, 1))  # (N, C, W, H) to (N, H, W, C)


def magnitude(re, im, pixels):
    """Orthonormal magnitude of a complex array to the power 0.8; `pixels` is H W."""
    power = (ops.square(re) + ops.square(im)) / pixels
    return ops.power(ops.sqrt(ops.maximum(power, EPS)), EXPONENT)
