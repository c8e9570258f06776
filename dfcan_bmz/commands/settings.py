"""A training's settings, with the network that ``train.init`` brings along."""

from pathlib import Path
from typing import Any

from dfcan_bmz import config as configuration
from dfcan_bmz import run_folder
from dfcan_bmz.bundle_file import named
from dfcan_bmz.config import Config


def resolve(layer: dict[str, Any], config: Path | None, overrides: list[str]) -> Config:
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
