"""The size of a training that its user has left open, from the machine: equal machines get equal sizes."""

from collections.abc import Callable, Collection

import numpy as np

from dfcan_bmz.config import Config, ModelConfig
from dfcan_bmz.engines.devices import accelerator_bytes, accelerators
from dfcan_bmz.models import build_model
from dfcan_bmz.resources import memory_bytes
from dfcan_bmz.training.estimate import bytes_of, operations_and_activations

NETWORK = {"model.name", "model.filters", "model.groups", "model.blocks", "train.init"}
BATCH = {"train.batch_size", "train.accumulate", "data.patch_size"}
SMALL = {"filters": 16, "groups": 2, "blocks": 2}
SHARE = 0.8  # of the memory, the rest is the system's and the images'
GB = 1e9


def fit_to_machine(config: Config, given: Collection[str], say: Callable[[str], object]) -> Config:
    """Choose the sizes that nobody has set such that this machine can train them, and say what was chosen and why.

    A processor gets a small DFCAN, where no network is set. Where nothing of the batch is set, a memory that does not
    hold it gets smaller ones, so many of which make a step that the step has as many patches as before.

    Parameters
    ----------
    config : Config
        Resolved; what nobody has set is as the thesis had it.
    given : collection of str
        Keys that the user has set, as ``model.filters``.
    say : callable
        Told in a line what was chosen.

    Returns
    -------
    Config
        The config to train with, and to record.
    """
    gpus = accelerators()
    if not gpus and NETWORK.isdisjoint(given):
        config = _small(config, say)
    if BATCH.isdisjoint(given):
        memory = accelerator_bytes() if gpus else memory_bytes()
        config = _batch_for(config, memory * SHARE, "GPU" if gpus else "machine", say)
    return config


def _small(config: Config, say: Callable[[str], object]) -> Config:
    small = config.model_copy(update={"model": ModelConfig(**config.model.model_dump() | SMALL)})
    (slow, much), (fast, _) = (_cost(one) for one in (config, small))
    sizes, published = (", ".join(f"{getattr(one.model, key)} {key}" for key in SMALL) for one in (small, config))
    say(
        f"no GPU here, so a small network is trained: {sizes}. The published one ({published}) takes "
        f"{slow / fast:.0f} times as long and {much / GB:.1f} GB of memory: --set model.filters={config.model.filters} "
        "chooses it"
    )
    return small


def _batch_for(config: Config, memory: float, where: str, say: Callable[[str], object]) -> Config:
    whole = batch = config.train.batch_size
    needed = _cost(config)[1]
    fitting, least = config, needed
    while batch % (2 * config.train.devices) == 0 and least > memory:
        batch //= 2
        train = config.train.model_copy(update={"batch_size": batch, "accumulate": whole // batch})
        fitting = config.model_copy(update={"train": train})
        least = _cost(fitting)[1]
    if fitting is not config:
        say(
            f"a batch of {whole} takes {needed / GB:.1f} GB of memory, and this {where} has {memory / SHARE / GB:.1f} "
            f"GB, so {whole // batch} batches of {batch} make a step: --set train.batch_size={whole} keeps it whole"
        )
    return fitting


def _cost(config: Config) -> tuple[float, float]:
    """Operations of a patch, and bytes of memory."""
    model = build_model(config.model, np.random.default_rng(0))
    operations, activations = operations_and_activations(model, config.data.patch_size)
    return operations, bytes_of(model, activations, config.train.batch_size)
