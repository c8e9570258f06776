"""One walk over a network's layers, told to a vocabulary: ONNX's or TorchScript's.

Keras keeps channels last, both vocabularies keep them second: N, C, H, W from the first word to the last. DFCAN's
spectrum, some forty operations in Keras, is one word.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from dfcan_bmz.export.graph import Graph, Key, Step, Value, keys_of, needed
from dfcan_bmz.export.spectra import with_spectra


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


def walk(graph: Graph, words: Vocabulary, source: Any) -> Any:
    """Tell a network to a vocabulary.

    Parameters
    ----------
    graph : Graph
        (N, H, W, C) to (N, H', W', C').
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
    values = {graph.first: source}
    for step in steps_of(graph):
        arguments = [_resolve(argument, values) for argument in step.arguments]
        if step.kind == "Functional":  # a network within the network
            values[step.key] = walk(graph.within[step.name], words, *arguments)
        elif step.kind in _WORDS:
            values[step.key] = _WORDS[step.kind](words, step.config, graph.weights.get(step.name, []), *arguments)
        else:
            raise NotImplementedError(f"{step.kind} has no word in the walk over layers")
    return values[graph.last]


def steps_of(graph: Graph) -> list[Step]:
    """The steps that are told: those that the output needs, spectra as one, channels in the order of the words."""
    return _with_pixel_shuffles(needed(with_spectra(graph.steps), graph.last))


def _resolve(argument: Any, values: dict[Key, Any]) -> Any:
    if isinstance(argument, Value):
        return values[argument.key]
    return [_resolve(part, values) for part in argument] if isinstance(argument, list) else argument


def _with_pixel_shuffles(steps: list[Step]) -> list[Step]:
    """Have convolutions before a pixel shuffle put their channels into its order; TensorFlow's is (row, column, C)."""
    uses = Counter(key for step in steps for key in keys_of(step.arguments))
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


def _convolution(words: Vocabulary, config: dict, weights: list[np.ndarray], x: Any) -> Any:
    kernel, *bias = _shuffled(weights, config.get("block_size", 1))
    depthwise = config.get("depth_multiplier")
    size = kernel.shape[0]
    same = config["padding"] == "same"
    plain = (*config["strides"], *config["dilation_rate"]) == (1, 1, 1, 1) and kernel.shape[1] == size
    if not plain or config["data_format"] != "channels_last" or depthwise not in (None, 1) or (same and not size % 2):
        raise NotImplementedError(f"{config['name']}: only square kernels of odd size without stride or dilation")
    groups = kernel.shape[2] if depthwise else config["groups"]
    turned = kernel.swapaxes(0, 2).swapaxes(1, 3)  # (in, out, size, size), by what arrays and tensors both know
    turned = turned if depthwise else turned.swapaxes(0, 1)
    y = words.convolution(x, turned, bias[0] if bias else None, groups, size // 2 if same else 0)
    name = config["activation"]
    return y if name == "linear" else words.activation(name, y)


def _mirror(words: Vocabulary, config: dict, weights: list, x: Any) -> Any:
    batch, rows, columns, channels = map(tuple, config["pad_width"])
    if config["mode"] != "reflect" or (batch, channels) != ((0, 0), (0, 0)):
        raise NotImplementedError("borders other than mirrored rows and columns")
    return words.mirror(x, rows, columns)


def _every(words: Vocabulary, config: dict, weights: list, x: Any, index: list[Any]) -> Any:
    everything, step = slice(None), index[1].step
    if index != [everything, slice(None, None, step), slice(None, None, step), everything]:
        raise NotImplementedError("slices other than every n-th row and column")
    return words.every(x, step)


_WORDS: dict[str, Callable[..., Any]] = {
    "Add": lambda words, config, weights, x, y: words.arithmetic("add", x, y),
    "Concatenate": lambda words, config, weights, values: words.concatenate(values),
    "Conv2D": _convolution,
    "DepthToSpace": lambda words, config, weights, x: words.enlarge(x, config["block_size"]),
    "DepthwiseConv2D": _convolution,
    "GetItem": _every,
    "GlobalAveragePooling2D": lambda words, config, weights, x: words.mean(x),
    "Multiply": lambda words, config, weights, x, y: words.arithmetic("mul", x, y),
    "Pad": _mirror,
    "ReLU": lambda words, config, weights, x: words.activation("relu", x),
    "Relu": lambda words, config, weights, x: words.activation("relu", x),
    "Spectrum": lambda words, config, weights, x: words.spectrum(x),
}
