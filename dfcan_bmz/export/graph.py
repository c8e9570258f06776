"""A network as a ``.keras`` file holds it: its graph and its weights, read without Keras."""

import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

Key = tuple[str, int, int]  # of a value: layer, its use, its output


class Value(NamedTuple):
    """A tensor among the arguments of a layer, with its channels where Keras knew them."""

    key: Key
    channels: int | None = None


class Step(NamedTuple):
    """One use of a layer: what it is, and its arguments, in which a `Value` stands for a tensor."""

    name: str
    use: int
    kind: str
    config: dict[str, Any]
    arguments: list[Any]

    @property
    def key(self) -> Key:
        """Of the value that this step makes."""
        return (self.name, self.use, 0)


class Graph(NamedTuple):
    """A functional network of one input and one output.

    Attributes
    ----------
    name : str
        Of the network.
    channels : int
        Of its input, (N, H, W, channels).
    steps : list of Step
        In an order in which each finds its arguments.
    first, last : Key
        Input and output.
    weights : dict of str to list of numpy.ndarray
        Of each layer that has some, by its name, in Keras' order.
    within : dict of str to Graph
        Networks that are layers of this one.
    """

    name: str
    channels: int
    steps: list[Step]
    first: Key
    last: Key
    weights: dict[str, list[np.ndarray]]
    within: dict[str, "Graph"]


def read_graph(path: Path) -> Graph:
    """Read a ``.keras`` file.

    Raises
    ------
    NotImplementedError
        If it holds anything but a functional network of one input and one output.
    OSError, KeyError, ValueError, zipfile.BadZipFile
        If it is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
        weights = io.BytesIO(archive.read("model.weights.h5"))  # HDF5 jumps about, which is slow within a zip
    if config["class_name"] != "Functional":
        raise NotImplementedError(f"{config['class_name']} is no functional network")
    with h5py.File(weights, "r") as file:
        return _graph(_plain(config["config"]), file)


def _plain(config: Any) -> Any:
    """Write tuples, which JSON does not know, as lists."""
    if isinstance(config, dict):
        if config.get("class_name") == "__tuple__":
            return _plain(config["items"])
        return {key: _plain(value) for key, value in config.items()}
    return [_plain(part) for part in config] if isinstance(config, list) else config


def _graph(config: dict[str, Any], stored: h5py.Group) -> Graph:
    waiting: list[Step] = []
    inputs: list[dict[str, Any]] = []
    within, weights = {}, {}
    for layer, group in _with_groups(config["layers"], stored):
        name, kind, settings = layer["name"], layer["class_name"], layer["config"]
        if kind == "InputLayer":
            inputs.append(layer)
        elif kind == "Functional":
            within[name] = _graph(settings, group)
        elif group is not None and len(group.get("vars", ())):
            weights[name] = [group["vars"][str(index)][()] for index in range(len(group["vars"]))]
        # the first use of a network within is that of its own input
        offset = 1 if kind == "Functional" else 0
        for use, node in enumerate(layer["inbound_nodes"]):
            arguments = [_argument(argument) for argument in node["args"]]
            waiting.append(Step(name, use + offset, kind, settings, arguments))
    if len(inputs) != 1:
        raise NotImplementedError(f"the network has {len(inputs)} inputs")
    first, last = (inputs[0]["name"], 0, 0), tuple(_only(config["output_layers"]))
    channels = inputs[0]["config"]["batch_shape"][-1]
    return Graph(config["name"], channels, _in_order(waiting, first), first, last, weights, within)


def _with_groups(layers: list[dict], stored: h5py.Group) -> Iterator[tuple[dict, h5py.Group | None]]:
    """Each layer with where its weights are stored: Keras names that after its class and counts."""
    groups = stored.get("layers", {})
    seen: Counter[str] = Counter()
    for layer in layers:
        kind = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", layer["class_name"]))
        kind = re.sub(r"([a-z])([A-Z])", r"\1_\2", kind).lower()
        yield layer, groups.get(f"{kind}_{seen[kind]}" if seen[kind] else kind)
        seen[kind] += 1


def _in_order(waiting: list[Step], first: Key) -> list[Step]:
    """Sort steps: a shared layer may need for a later use what comes after it."""
    steps, known = [], {first[:2]}
    while waiting:
        step = next((step for step in waiting if all(key[:2] in known for key in keys_of(step.arguments))), None)
        if step is None:
            raise ValueError("the network's graph runs in a circle")
        waiting.remove(step)
        known.add(step.key[:2])
        steps.append(step)
    return steps


def _only(layers: list) -> list:
    if isinstance(layers[0], str):
        return layers
    if len(layers) > 1:
        raise NotImplementedError(f"the network has {len(layers)} outputs")
    return layers[0]


def _argument(argument: Any) -> Any:
    """Turn an argument as Keras stores it into values, slices and numbers."""
    if isinstance(argument, list):
        return [_argument(part) for part in argument]
    if not isinstance(argument, dict):
        return argument
    config = argument["config"]
    match argument["class_name"]:
        case "__keras_tensor__":
            name, use, output = config["keras_history"]
            return Value((name, use, output), config["shape"][-1])
        case "__slice__":
            return slice(config["start"], config["stop"], config["step"])
        case kind:
            return kind


def keys_of(argument: Any) -> list[Key]:
    """Keys of all values among the arguments of a step."""
    if isinstance(argument, Value):
        return [argument.key]
    return [key for part in argument for key in keys_of(part)] if isinstance(argument, list) else []


def needed(steps: list[Step], last: Key) -> list[Step]:
    """Steps on which the output depends."""
    kept, keys = [], {last}
    for step in reversed(steps):
        if step.key in keys:
            kept.append(step)
            keys.update(keys_of(step.arguments))
    return kept[::-1]
