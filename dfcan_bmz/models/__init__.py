"""The networks: one architecture = one file = one function, which is imported, with Keras, when one is built.

The function takes the scale factor s, the number C of `inputs`, which are the frames of an image, and those of
`dfcan_bmz.config.SIZES`: channels of the hidden layers (`filters`), depth (`blocks`, in each of so many `groups`), last
activation (`output`), all of which stand there as published. It returns a keras.Model from (N, H, W, C), intensities of
about 0..1, to (N, sH, sW, 1).
"""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dfcan_bmz.config import ModelConfig

if TYPE_CHECKING:
    import keras


class Architecture(NamedTuple):
    """A network: how far it looks, and where it was published.

    Attributes
    ----------
    reach : callable
        Takes ``scale`` and the sizes of the config; how many LR pixels away the convolutions carry a pixel's influence
        (attention, which is global, aside).
    reference : str
        Publication, for people.
    """

    reach: Callable[..., int]
    reference: str


MODELS = {
    "dfcan": Architecture(
        lambda groups, blocks, **_: 2 * groups * blocks + 3, "Qiao et al. 2021, doi 10.1038/s41592-020-01048-5"
    ),
    "rcan": Architecture(
        lambda groups, blocks, **_: groups * (2 * blocks + 1) + 4,
        "Zhang et al. 2018, doi 10.1007/978-3-030-01234-2_18",
    ),
    "edsr": Architecture(lambda blocks, **_: 2 * blocks + 4, "Lim et al. 2017, doi 10.1109/CVPRW.2017.151"),
    "wdsr": Architecture(lambda blocks, **_: 2 * blocks + 2, "Yu et al. 2018, arXiv 1808.08718"),
    "srcnn": Architecture(lambda scale, **_: 2 + -(-8 // scale), "Dong et al. 2016, doi 10.1109/TPAMI.2015.2439281"),
    "vdsr": Architecture(
        lambda scale, blocks, **_: 2 + -(-blocks // scale), "Kim et al. 2016, doi 10.1109/CVPR.2016.182"
    ),
    "drcn": Architecture(
        lambda scale, blocks, **_: 2 + -(-(blocks + 4) // scale), "Kim et al. 2016, doi 10.1109/CVPR.2016.181"
    ),
    "bicubic": Architecture(lambda **_: 2, "Keys 1981, doi 10.1109/TASSP.1981.1163711"),
    "lanczos": Architecture(lambda **_: 3, "Duchon 1979, doi 10.1175/1520-0450(1979)018<1016:LFIOAT>2.0.CO;2"),
}

BASELINES = ("bicubic", "lanczos")  # which learn nothing


def build_model(config: ModelConfig, rng: np.random.Generator) -> "keras.Model":
    """Build a network with fresh weights.

    Parameters
    ----------
    config : ModelConfig
        Architecture and size.
    rng : numpy.random.Generator
        Source of the initial weights.

    Returns
    -------
    keras.Model
        (N, H, W, inputs) to (N, sH, sW, 1), float32.
    """
    module = import_module(f"{__name__}.{'baselines' if config.name in BASELINES else config.name}")
    model = getattr(module, config.name)(scale=config.scale, inputs=config.inputs, **config.sizes())
    for layer in model.layers:
        if layer.trainable and hasattr(layer, "kernel_initializer"):
            _initialize(layer, rng)
    return model


def _initialize(layer: "keras.layers.Layer", rng: np.random.Generator) -> None:
    settings = layer.kernel_initializer.get_config()
    if "seed" in settings:
        settings["seed"] = int(rng.integers(2**31))
    kernel = type(layer.kernel_initializer).from_config(settings)(layer.kernel.shape)
    layer.kernel.assign(kernel if layer.kernel_constraint is None else layer.kernel_constraint(kernel))


def reach(config: ModelConfig) -> int:
    """How many LR pixels away the convolutions carry a pixel's influence."""
    return MODELS[config.name].reach(scale=config.scale, **config.sizes())


def describe_model(config: ModelConfig) -> str:
    """Name and sizes in words, e.g. ``DFCAN, scale 2, 64 filters, 4 groups, 4 blocks, sigmoid output``."""
    sizes = config.sizes().items()
    numbers = [f"{value} {key if value > 1 else key[:-1]}" for key, value in sizes if isinstance(value, int)]
    output = [f"{config.output} output"] if config.output else []
    frames = [f"{config.inputs} frames"] if config.inputs > 1 else []
    # only what is not as published, so that descriptions written before the key was there stay as they are
    attention = {"mean": ["attention to means"], "none": ["no attention"]}.get(config.attention or "", [])
    return ", ".join([config.name.upper(), f"scale {config.scale}", *frames, *numbers, *output, *attention])
