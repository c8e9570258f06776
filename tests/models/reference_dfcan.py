"""DFCAN in plain NumPy, written from the publication: slow, and independent of Keras."""

import numpy as np
from scipy.special import erf, expit


def conv(x, kernel, bias):
    """'same' convolution; x (H, W, Cin), kernel (k, k, Cin, Cout)."""
    k = kernel.shape[0]
    padded = np.pad(x, ((k // 2, k // 2), (k // 2, k // 2), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k), axis=(0, 1))  # (H, W, Cin, k, k)
    return np.einsum("hwcij,ijco->hwo", windows, kernel) + bias


def gelu(x):
    return 0.5 * x * (1 + erf(x / np.sqrt(2)))


def relu(x):
    return np.maximum(x, 0)


def spectrum(y):
    return np.abs(np.fft.fftshift(np.fft.fft2(y, axes=(0, 1), norm="ortho"), axes=(0, 1))) ** 0.8


def depth_to_space(x, s):
    h, w, channels = x.shape
    c = channels // s**2
    return x.reshape(h, w, s, s, c).transpose(0, 2, 1, 3, 4).reshape(h * s, w * s, c)


def dfcan(x, weights, scale, groups, blocks, spectrum=spectrum):
    """x (H, W) -> (sH, sW); `weights`: (kernel, bias) of each convolution in order."""
    layers = iter(weights)

    def next_conv(x):
        return conv(x, *next(layers))

    x = gelu(next_conv(x[..., None]))
    for _ in range(groups):
        group = x
        for _ in range(blocks):
            y = gelu(next_conv(gelu(next_conv(x))))
            w = relu(next_conv(spectrum(y))).mean(axis=(0, 1), keepdims=True)
            x = x + y * expit(next_conv(relu(next_conv(w))))
        x = group + x
    return expit(next_conv(depth_to_space(gelu(next_conv(x)), scale)))[..., 0]
