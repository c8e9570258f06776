"""The discriminator of DFGAN (Qiao et al. 2021, doi 10.1038/s41592-020-01048-5): is an HR image real or predicted?"""

import keras
import numpy as np
from keras import layers

DOUBLINGS = 5  # pairs of convolutions, each but the first twice as wide as the one before
LEAK = 0.1


def discriminator(filters: int, rng: np.random.Generator) -> keras.Model:
    """Build the discriminator, with fresh weights.

    Parameters
    ----------
    filters : int
        Channels of its first convolutions (published: 32); the last ones have 16 times as many.
    rng : numpy.random.Generator
        Source of the initial weights.

    Returns
    -------
    keras.Model
        (N, H, W, 1) to (N, 1): the logit of being real. 4,852,481 parameters as published.
    """
    image = keras.Input((None, None, 1))
    x = _leaky(layers.Conv2D(filters, 3, padding="same", kernel_initializer=_initial(rng))(image))
    for width in (filters * 2**doubling for doubling in range(DOUBLINGS)):
        for _ in range(2):
            x = _leaky(layers.Conv2D(width, 3, padding="same", kernel_initializer=_initial(rng))(x))
    x = layers.GlobalAveragePooling2D()(x)
    x = _leaky(layers.Dense(8 * filters, kernel_initializer=_initial(rng))(x))
    return keras.Model(image, layers.Dense(1, kernel_initializer=_initial(rng))(x), name="discriminator")


def _leaky(x):
    return layers.LeakyReLU(LEAK)(x)


def _initial(rng: np.random.Generator) -> keras.initializers.Initializer:
    return keras.initializers.GlorotUniform(seed=int(rng.integers(2**31)))
