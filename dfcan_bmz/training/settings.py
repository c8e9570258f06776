"""A training's settings, in layers of which later ones win: the network of ``train.init``, the data's, the user's."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from dfcan_bmz import run_folder
from dfcan_bmz.bundle_file import named
from dfcan_bmz.config import Config
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.yaml_files import did_you_mean, keys_of, read_yaml, validate

Settings: TypeAlias = str | Path | dict[str, Any] | Config | None
Layer = dict[str, Any]  # keys by section, as {"train": {"epochs": 20}}

# how long a training goes on, and what it reports; all else would make another training of it
MAY_CHANGE = {"train.epochs", "train.patience", "train.minutes", "train.devices", "train.tensorboard"}


def resolve(data_layer: Layer, settings: Settings, overrides: Iterable[str] = ()) -> Config:
    """Put a config together.

    Parameters
    ----------
    data_layer : dict
        What the training data say of themselves (their ``dataset.yaml``).
    settings : str, pathlib.Path, dict, Config or None
        The user's YAML file, or what would stand in it; of a Config, what was given when it was made.
    overrides : iterable of str
        ``section.key=value``, values in YAML.

    Returns
    -------
    Config

    Raises
    ------
    DfcanError
        If the file cannot be read, a key is unknown or a value is out of range.
    """
    layers = [data_layer, *_given(settings, overrides)]
    resolved = _put_together(layers)
    if resolved.train.init == "none":
        return resolved
    return _put_together([{"model": _network_with(Path(resolved.train.init))}, *layers])


def resolve_again(begun: Path, out: Path, settings: Settings, overrides: Iterable[str] = ()) -> Config:
    """Settings of a training that is gone on with: those that it had, and how long it goes on.

    Raises
    ------
    DfcanError
        If another setting is to change.
    """
    known = run_folder.read_config(begun)
    resolved = _put_together([known.model_dump(mode="json"), *_given(settings, overrides)])
    before = known.flat()
    for key, value in resolved.flat().items():
        if before[key] != value and key not in MAY_CHANGE:
            raise DfcanError(
                f"{out} is a training with {key} {before[key]}, not {value}: resume it with the settings that it "
                "had, or train again with --overwrite"
            )
    return resolved


def given_keys(settings: Settings, overrides: Iterable[str] = ()) -> set[str]:
    """Keys that the user has set, as ``model.filters``; parameters and errors as those of `resolve`."""
    return {f"{section}.{key}" for section, keys in merged(_given(settings, overrides)).items() for key in keys}


def with_weights_of(model: Path) -> list[str]:
    """Settings of a training that begins with the weights of a model, and therefore has its network."""
    run = named.find_model(model)
    return [f"train.init={run}", *(f"model.{key}={value}" for key, value in _network(run).items())]


def merged(layers: list[Layer]) -> Layer:
    """Layers as one."""
    found: Layer = {}
    for layer in layers:
        for section, keys in layer.items():
            if not isinstance(keys, dict | None):
                raise DfcanError(f"config section {section} is not a mapping: write `{section}: {{key: value}}`")
            found[section] = found.get(section, {}) | (keys or {})  # None: all keys of a section are commented out
    return found


def _network_with(source: Path) -> dict[str, Any]:
    """The network of a run folder, or of the run folder that a file lies in; nothing of any other source."""
    source = named.local(source) or source
    run = source if source.is_dir() else source.parent
    return _network(run) if (run / "config.yaml").is_file() else {}


def _network(run: Path) -> dict[str, Any]:
    model = run_folder.read_config(run).model
    return {"name": model.name, **model.sizes()}


def _given(settings: Settings, overrides: Iterable[str]) -> list[Layer]:
    return [_layer_of(settings), *map(_parse_override, overrides)]


def _layer_of(settings: Settings) -> Layer:
    if settings is None or isinstance(settings, dict):
        return settings or {}
    if isinstance(settings, Config):
        return settings.model_dump(mode="json", exclude_unset=True)
    return read_yaml(Path(settings))


def _parse_override(override: str) -> Layer:
    key, equals, value = override.partition("=")
    section, dot, name = key.partition(".")
    if not (equals and dot and name):
        question = did_you_mean(key, keys_of(Config)) or ", for example --set train.epochs=20"
        raise DfcanError(f"--set {override}: write section.key=value{question}")
    try:
        return {section: {name: yaml.safe_load(value)}}
    except yaml.YAMLError as error:
        raise DfcanError(f"--set {override}: the value is not valid YAML") from error


def _put_together(layers: list[Layer]) -> Config:
    return validate(Config, merged(layers), "config")
