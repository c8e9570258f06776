"""A training's settings, with the network that ``train.init`` brings along."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dfcan_bmz import config as configuration
from dfcan_bmz import run_folder
from dfcan_bmz.bundle_file import named
from dfcan_bmz.config import Config, Settings
from dfcan_bmz.errors import DfcanError

# how long a training goes on, and what it reports; all else would make another training of it
MAY_CHANGE = {"train.epochs", "train.patience", "train.minutes", "train.devices", "train.tensorboard"}


def resolve(layer: dict[str, Any], config: Settings, overrides: Iterable[str] = ()) -> Config:
    """Resolve a config as `dfcan_bmz.config.resolve` does, with the network that ``train.init`` brings along."""
    resolved = configuration.resolve(layer, config, overrides)
    if resolved.train.init == "none":
        return resolved
    return configuration.resolve(_with_network(layer, Path(resolved.train.init)), config, overrides)


def _with_network(layer: dict[str, Any], source: Path) -> dict[str, Any]:
    """Add to the lowest layer of a config the network of a run folder, or of the run folder that a file lies in."""
    source = named.local(source) or source
    run = source if source.is_dir() else source.parent
    if not (run / "config.yaml").is_file():
        return layer
    model = run_folder.read_config(run).model
    return layer | {"model": {"name": model.name, **model.sizes(), **layer.get("model", {})}}


def with_weights_of(model: Path) -> list[str]:
    """Settings of a training that begins with the weights of a model, and therefore has its network."""
    run = named.find_model(model)
    network = run_folder.read_config(run).model
    known = {"name": network.name, **network.sizes()}
    return [f"train.init={run}", *(f"model.{key}={value}" for key, value in known.items())]


def resolve_again(begun: Path, out: Path, config: Settings, overrides: Iterable[str] = ()) -> Config:
    """Settings of a training that is gone on with: those that it had, and how long it goes on.

    Raises
    ------
    DfcanError
        If another setting is to change.
    """
    known = run_folder.read_config(begun)
    resolved = configuration.resolve(known.model_dump(mode="json"), config, overrides)
    before = known.flat()
    for key, value in resolved.flat().items():
        if before[key] != value and key not in MAY_CHANGE:
            raise DfcanError(
                f"{out} is a training with {key} {before[key]}, not {value}: resume it with the settings that it "
                "had, or train again with --overwrite"
            )
    return resolved
