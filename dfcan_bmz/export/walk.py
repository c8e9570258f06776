"""One walk over a network's layers, told to a vocabulary: ONNX's or TorchScript's.

Keras keeps channels last, both vocabularies keep them second: N, C, H, W from the first word to the last. DFCAN's
spectrum, some forty operations in Keras, is one word.
"""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import keras
import numpy as np

from dfcan_bmz.models.dfcan import spectrum

Key = tuple[str, int, int]  # of a value in a Keras graph: layer, its use, its output


class Vocabulary(Protocol):
    """What a format has to know; a value is whatever it names a tensor (N, C, H, W) float32 by."""

    def convolution(self, x: Any, kernel: np.ndarray, bias: np.ndarray | None, groups: int, padding: int) -> Any:
        """Convolve with stride 1; kernel (out, in / groups, size, size), bias (out,), zeros as border."""

    def activation(self, name: str, x: Any) -> Any:
        """Apply ``gelu`` (by the error function), ``relu`` or ``sigmoid``."""

    def arithmetic(self, operator: str, x: Any, y: Any) -> Any:
        """``add`` or ``mul``; `y` is a number, or a value with x's sizes or with sides of 1."""

    def concatenate(self, values: list[Any]) -> Any:
        """Join along the channels."""

    def mirror(self, x: Any, rows: tuple[int, int], columns: tuple[int, int]) -> Any:
        """Extend by mirrored pixels before and after, the outermost not repeated."""

    def enlarge(self, x: Any, block: int) -> Any:
        """Pixel shuffle: (N, C b b, H, W) to (N, C, b H, b W), channels in the order (C, row, column)."""

    def every(self, x: Any, step: int) -> Any:
        """Take every `step`-th row and column, from the first on."""

    def mean(self, x: Any) -> Any:
        """Mean over rows and columns, (N, C, 1, 1)."""

    def spectrum(self, x: Any) -> Any:
        """`dfcan_bmz.models.dfcan.spectrum`, channels second."""


class _Step(NamedTuple):
    """One use of a layer: what it is, and its arguments, in which a `Key` stands for a value."""

    name: str
    use: int
    kind: str
    config: dict[str, Any]
    arguments: list[Any]

    @property
    def key(self) -> Key:
        return (self.name, self.use, 0)


class _Value(NamedTuple):
    key: Key
    channels: int | None = None


def walk(model: keras.Model, words: Vocabulary, source: Any) -> Any:
    """Tell a network to a vocabulary.

    Parameters
    ----------
    model : keras.Model
        Functional, one input and one output, (N, H, W, C) to (N, H', W', C').
    words : Vocabulary
        A format.
    source : value
        The input, (N, C, H, W).

    Returns
    -------
    value
        The output, (N, C', H', W').

    Raises
    ------
    NotImplementedError
        If the network has a layer for which there is no word.
    """
    steps, first, last = _steps(model)
    values = {first: source}
    for step in _with_pixel_shuffles(_needed(_with_spectra(steps), last)):
        arguments = [_resolve(argument, values) for argument in step.arguments]
        if step.kind == "Functional":  # a network within the network
            values[step.key] = walk(model.get_layer(step.name), words, *arguments)
        elif step.kind in _WORDS:
            layer = model.get_layer(step.name) if step.kind in _WITH_WEIGHTS else None
            values[step.key] = _WORDS[step.kind](words, step.config, layer, *arguments)
        else:
            raise NotImplementedError(f"{step.kind} has no word in the walk over layers")
    return values[last]


def _steps(model: keras.Model) -> tuple[list[_Step], Key, Key]:
    """Steps in an order in which each finds its arguments; the keys of input and output."""
    config = model.get_config()
    waiting: list[_Step] = []
    inputs: list[Key] = []
    for layer in config["layers"]:
        if layer["class_name"] == "InputLayer":
            inputs.append((layer["name"], 0, 0))
        # the first node of a network within is that of its own input
        offset = 1 if layer["class_name"] == "Functional" else 0
        for use, node in enumerate(layer["inbound_nodes"]):
            arguments = [_argument(argument) for argument in node["args"]]
            waiting.append(_Step(layer["name"], use + offset, layer["class_name"], layer["config"], arguments))
    (first,), steps = inputs, []
    known = {first[:2]}
    while waiting:  # a shared layer may need for a later use what comes after it
        step = next(step for step in waiting if all(key[:2] in known for key in _keys(step.arguments)))
        waiting.remove(step)
        known.add(step.key[:2])
        steps.append(step)
    return steps, first, tuple(_only(config["output_layers"]))


def _only(layers: list) -> list:
    return layers if isinstance(layers[0], str) else layers[0]


def _argument(argument: Any) -> Any:
    """Turn an argument as Keras stores it into values, slices and numbers."""
    if isinstance(argument, list | tuple):
        return [_argument(part) for part in argument]
    if not isinstance(argument, dict):
        return argument
    config = argument["config"]
    match argument["class_name"]:
        case "__keras_tensor__":
            return _Value(tuple(config["keras_history"]), config["shape"][-1])
        case "__slice__":
            return slice(config["start"], config["stop"], config["step"])
        case kind:
            return kind


def _keys(argument: Any) -> list[Key]:
    if isinstance(argument, _Value):
        return [argument.key]
    return [key for part in argument for key in _keys(part)] if isinstance(argument, list) else []


def _resolve(argument: Any, values: dict[Key, Any]) -> Any:
    if isinstance(argument, _Value):
        return values[argument.key]
    return [_resolve(part, values) for part in argument] if isinstance(argument, list) else argument


def _needed(steps: list[_Step], last: Key) -> list[_Step]:
    """Steps on which the output depends."""
    kept, keys = [], {last}
    for step in reversed(steps):
        if step.key in keys:
            kept.append(step)
            keys.update(_keys(step.arguments))
    return kept[::-1]


def _with_spectra(steps: list[_Step]) -> list[_Step]:
    """Replace the last operation of each spectrum by one step from its beginning."""
    image = keras.Input((None, None, 1))
    reference, first, last = _steps(keras.Model(image, spectrum(image)))
    wanted, end = _formula(last, first, {step.key[:2]: step for step in reference}), reference[-1].kind
    makers = {step.key[:2]: step for step in steps}
    result = []
    for step in steps:
        begin = _first_of_spectrum(step, makers) if step.kind == end else None
        if begin is not None and _formula(step.key, begin, makers) == wanted:
            step = step._replace(kind="Spectrum", arguments=[_Value(begin)])
        result.append(step)
    return result


def _first_of_spectrum(step: _Step, makers: dict[tuple, _Step]) -> Key | None:
    """What the cast nearest above a step converts: there a spectrum begins."""
    while step.kind != "Cast":
        sources = [makers[key[:2]] for key in _keys(step.arguments) if key[:2] in makers]
        if not sources:
            return None
        step = sources[0]
    return _keys(step.arguments)[0]


def _formula(last: Key, first: Key, makers: dict[tuple, _Step]) -> int:
    """A number that tells the computation of one value from another apart from every other computation."""
    known: dict[Key, int] = {first: 0}

    def number(key: Key) -> int:
        if key not in known:
            step = makers.get(key[:2])
            known[key] = hash(key) if step is None else hash((_settings(step), key[2], _told(step.arguments)))
        return known[key]

    def _told(argument: Any) -> Any:
        if isinstance(argument, _Value):
            return number(argument.key)
        return tuple(map(_told, argument)) if isinstance(argument, list) else repr(argument)

    return number(last)


def _settings(step: _Step) -> str:
    named = {key: value for key, value in step.config.items() if key != "name"}
    return step.kind + json.dumps(named, sort_keys=True, default=str)


def _with_pixel_shuffles(steps: list[_Step]) -> list[_Step]:
    """Have convolutions before a pixel shuffle put their channels into its order; TensorFlow's is (row, column, C)."""
    uses = Counter(key for step in steps for key in _keys(step.arguments))
    blocks = {}
    for step in steps:
        if step.kind == "DepthToSpace" and step.arguments[0].channels != step.config["block_size"] ** 2:
            blocks[step.arguments[0].key] = step.config["block_size"]
    result = [
        step._replace(config=step.config | {"block_size": blocks.pop(step.key)})
        if step.kind == "Conv2D" and uses[step.key] == 1 and step.key in blocks
        else step
        for step in steps
    ]
    if blocks:
        raise NotImplementedError("a pixel shuffle to several channels of what is no convolution")
    return result


def _shuffled(weights: list[np.ndarray], block: int) -> list[np.ndarray]:
    """Reorder the outputs, which are the last axis, from (row, column, C) to (C, row, column)."""
    return [
        weight.reshape(*weight.shape[:-1], block**2, -1).swapaxes(-1, -2).reshape(weight.shape) for weight in weights
    ]


def _convolution(words: Vocabulary, config: dict, layer: keras.layers.Layer, x: Any) -> Any:
    kernel, *bias = _shuffled(layer.get_weights(), config.get("block_size", 1))
    depthwise = config.get("depth_multiplier")
    size = kernel.shape[0]
    same = config["padding"] == "same"
    plain = (*config["strides"], *config["dilation_rate"]) == (1, 1, 1, 1) and kernel.shape[1] == size
    if not plain or config["data_format"] != "channels_last" or depthwise not in (None, 1) or (same and not size % 2):
        raise NotImplementedError(f"{layer.name}: only square kernels of odd size without stride or dilation")
    groups = kernel.shape[2] if depthwise else config["groups"]
    order = (2, 3, 0, 1) if depthwise else (3, 2, 0, 1)
    y = words.convolution(x, kernel.transpose(order), bias[0] if bias else None, groups, size // 2 if same else 0)
    name = config["activation"]
    return y if name == "linear" else words.activation(name, y)


def _mirror(words: Vocabulary, config: dict, layer: None, x: Any) -> Any:
    batch, rows, columns, channels = map(tuple, config["pad_width"])
    if config["mode"] != "reflect" or (batch, channels) != ((0, 0), (0, 0)):
        raise NotImplementedError("borders other than mirrored rows and columns")
    return words.mirror(x, rows, columns)


def _every(words: Vocabulary, config: dict, layer: None, x: Any, index: list[Any]) -> Any:
    everything, step = slice(None), index[1].step
    if index != [everything, slice(None, None, step), slice(None, None, step), everything]:
        raise NotImplementedError("slices other than every n-th row and column")
    return words.every(x, step)


_WITH_WEIGHTS = ("Conv2D", "DepthwiseConv2D")
_WORDS: dict[str, Callable[..., Any]] = {
    "Add": lambda words, config, layer, x, y: words.arithmetic("add", x, y),
    "Concatenate": lambda words, config, layer, values: words.concatenate(values),
    "Conv2D": _convolution,
    "DepthToSpace": lambda words, config, layer, x: words.enlarge(x, config["block_size"]),
    "DepthwiseConv2D": _convolution,
    "GetItem": _every,
    "GlobalAveragePooling2D": lambda words, config, layer, x: words.mean(x),
    "Multiply": lambda words, config, layer, x, y: words.arithmetic("mul", x, y),
    "Pad": _mirror,
    "ReLU": lambda words, config, layer, x: words.activation("relu", x),
    "Relu": lambda words, config, layer, x: words.activation("relu", x),
    "Spectrum": lambda words, config, layer, x: words.spectrum(x),
}
