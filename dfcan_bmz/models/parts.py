"""What several networks share: enlargement by interpolation and by pixel shuffle."""

import keras
import numpy as np
from keras import layers, ops

CUBIC_SUPPORT, LANCZOS_SUPPORT = 2, 3  # LR pixels to each side


def cubic(x: np.ndarray) -> np.ndarray:
    """Cubic convolution kernel with a = -0.5 (Keys 1981, doi 10.1109/TASSP.1981.1163711)."""
    x = np.abs(x)
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def lanczos3(x: np.ndarray) -> np.ndarray:
    """Lanczos kernel, three lobes (Duchon 1979)."""
    return np.where(np.abs(x) < LANCZOS_SUPPORT, np.sinc(x) * np.sinc(x / LANCZOS_SUPPORT), 0)


def interpolate(image, scale: int, kernel=cubic, support: int = CUBIC_SUPPORT):
    """Enlarge each frame by a frozen convolution and a pixel shuffle, which every engine computes alike.

    Parameters
    ----------
    image : tensor
        (N, H, W, C), H and W above `support`.
    scale : int
        Scale factor s; pixel areas are aligned, the border is mirrored. 1 leaves the image as it is: for a network that
        is trained on images enlarged before.
    kernel : callable
        Weight of a sample at a distance in LR pixels.
    support : int
        LR pixels beyond which the kernel is 0.

    Returns
    -------
    tensor
        (N, sH, sW, C).
    """
    if scale == 1:
        return image
    taps = np.arange(-support, support + 1)
    phases = (np.arange(scale) + 0.5) / scale - 0.5  # where output pixels lie between LR pixels
    weights = kernel(taps[:, None] - phases)  # (taps, s)
    weights = weights / weights.sum(axis=0)
    frames = image.shape[-1]
    # each frame goes to its own channel of each phase: phases first, as the pixel shuffle has them
    both = np.einsum("ai,bj,cd->abcijd", weights, weights, np.eye(frames))
    convolution = layers.Conv2D(frames * scale**2, len(taps), use_bias=False, trainable=False)
    padded = ops.pad(image, [[0, 0], [support, support], [support, support], [0, 0]], mode="reflect")
    enlarged = ops.depth_to_space(convolution(padded), scale)
    convolution.set_weights([both.reshape(convolution.kernel.shape).astype("float32")])
    return enlarged


def shuffle_up(x, filters: int, scale: int):
    """Enlarge features as EDSR does: convolution and pixel shuffle, twice by 2 where s is 4; (N, H, W, C)."""
    for factor in (2, 2) if scale == 4 else (scale,):
        x = layers.Conv2D(filters * factor**2, 3, padding="same")(x)
        x = ops.depth_to_space(x, factor)
    return x


def last_convolution(x, output: str):
    """One channel from features; float32 under every dtype policy."""
    return layers.Conv2D(1, 3, padding="same", activation=output, dtype="float32", name="output")(x)


def frames_input(inputs: int):
    """Input of every network: (N, H, W, C), intensities of about 0..1, a channel for each frame of an image."""
    return keras.Input((None, None, inputs), name="input")


def mean_frame(frames):
    """Mean of the frames of an image, in a word that every format has; (N, H, W, C) to (N, H, W, 1)."""
    count = frames.shape[-1]
    if count == 1:
        return frames
    mean = layers.Conv2D(1, 1, use_bias=False, trainable=False)
    averaged = mean(frames)
    mean.set_weights([np.full((1, 1, count, 1), 1 / count, "float32")])
    return averaged
