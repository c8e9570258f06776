"""Keras operations as ONNX nodes, one function each.

Keras keeps channels last, ONNX wants them second. A tensor therefore knows where its Keras axes are stored; a
transposition is a change of that knowledge and costs nothing until an operation needs another order.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

CHANNELS_SECOND = (0, 2, 3, 1)  # where N, H, W, C are stored
CHANNELS_LAST = (0, 1, 2, 3)
END, BEFORE_START = 2**63 - 1, -(2**63)


class Tensor(NamedTuple):
    """A value in the graph: its name, and for each of its Keras axes the axis on which it is stored."""

    name: str
    stored: tuple[int, ...]


class Graph:
    """Nodes and constants under construction."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: dict[bytes, TensorProto] = {}

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output and return the output's name."""
        name = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def constant(self, value: Any, dtype: type = np.float32) -> str:
        """Name of a constant; equal constants are stored once."""
        array = np.asarray(value, dtype)
        key = array.tobytes() + str((array.shape, array.dtype)).encode()
        if key not in self.constants:
            self.constants[key] = numpy_helper.from_array(array, f"constant_{len(self.constants)}")
        return self.constants[key].name

    def store(self, tensor: Tensor, stored: tuple[int, ...]) -> Tensor:
        """Bring a tensor into another order of storage."""
        if tensor.stored == stored:
            return tensor
        order = [tensor.stored[stored.index(axis)] for axis in range(len(stored))]
        return Tensor(self.add("Transpose", tensor.name, perm=order), stored)


def conv2d(graph: Graph, layer: dict, weights: list[np.ndarray], x: Tensor) -> Tensor:
    """Convolution with stride 1 and its activation."""
    if tuple(layer["strides"]) != (1, 1) or layer["dilation_rate"] not in ((1, 1), [1, 1]) or layer["groups"] != 1:
        raise NotImplementedError("convolutions with stride, dilation or groups")
    kernel = weights[0].transpose(3, 2, 0, 1)
    inputs = [graph.store(x, CHANNELS_SECOND).name, graph.constant(kernel)]
    if layer["use_bias"]:
        inputs.append(graph.constant(weights[1]))
    pads = [size // 2 if layer["padding"] == "same" else 0 for size in kernel.shape[2:]] * 2
    return activation(graph, layer["activation"], Tensor(graph.add("Conv", *inputs, pads=pads), CHANNELS_SECOND))


def depthwise_conv2d(graph: Graph, layer: dict, weights: list[np.ndarray], x: Tensor) -> Tensor:
    """Convolution of each channel by itself, with stride 1 and without activation."""
    kernel = weights[0].transpose(2, 3, 0, 1)
    if tuple(layer["strides"]) != (1, 1) or layer["activation"] != "linear" or kernel.shape[1:] != (1, 1, 1):
        raise NotImplementedError("depthwise convolutions that are more than a gain and a bias of each channel")
    inputs = [graph.store(x, CHANNELS_SECOND).name, *(graph.constant(weight) for weight in (kernel, *weights[1:]))]
    return Tensor(graph.add("Conv", *inputs, group=kernel.shape[0]), CHANNELS_SECOND)


def pad(graph: Graph, widths: list[list[int]], mode: str, x: Tensor) -> Tensor:
    """Extend the borders; `widths` before and after each Keras axis."""
    ordered = [widths[x.stored.index(axis)] for axis in range(len(x.stored))]
    pads = [before for before, _ in ordered] + [after for _, after in ordered]
    return x._replace(name=graph.add("Pad", x.name, graph.constant(pads, np.int64), mode=mode))


def activation(graph: Graph, name: str, x: Tensor) -> Tensor:
    """Apply an activation by its Keras name."""
    if name == "linear":
        return x
    if name == "gelu":
        # written out in the form that onnxruntime recognises and fuses: the operator itself came with opset 20
        erf = graph.add("Erf", graph.add("Div", x.name, graph.constant(math.sqrt(2))))
        product = graph.add("Mul", x.name, graph.add("Add", erf, graph.constant(1)))
        return x._replace(name=graph.add("Mul", product, graph.constant(0.5)))
    return x._replace(name=graph.add({"relu": "Relu", "sigmoid": "Sigmoid"}[name], x.name))


def elementwise(graph: Graph, operator: str, first: Tensor, second: Tensor | float | None = None) -> Tensor:
    """Apply a unary operator, or a binary one to tensors of equal rank or a tensor and a number."""
    if second is None:
        return first._replace(name=graph.add(operator, first.name))
    other = graph.store(second, first.stored).name if isinstance(second, Tensor) else graph.constant(second)
    return first._replace(name=graph.add(operator, first.name, other))


def transpose(graph: Graph, axes: list[int], x: Tensor) -> Tensor:
    """Reorder Keras axes; nothing moves."""
    return x._replace(stored=tuple(x.stored[axis] for axis in axes))


def get_item(graph: Graph, x: Tensor, index: list[Any]) -> Tensor:
    """Slice with an index of slices and at most one ellipsis."""
    ellipsis = next((i for i, part in enumerate(index) if part is Ellipsis), len(index))
    missing = len(x.stored) - (len(index) - (ellipsis < len(index)))
    parts = [*index[:ellipsis], *[slice(None)] * missing, *index[ellipsis + 1 :]]
    cuts = [(x.stored[axis], part) for axis, part in enumerate(parts) if part != slice(None)]
    return _slice(
        graph,
        x,
        starts=[part.start or 0 for _, part in cuts],
        ends=[END if part.stop is None else part.stop for _, part in cuts],
        axes=[axis for axis, _ in cuts],
        steps=[part.step or 1 for _, part in cuts],
    )


def flip(graph: Graph, axis: int, x: Tensor) -> Tensor:
    """Reverse an axis."""
    return _slice(graph, x, starts=[-1], ends=[BEFORE_START], axes=[x.stored[axis]], steps=[-1])


def _slice(graph: Graph, x: Tensor, **ranges: list[int]) -> Tensor:
    bounds = [graph.constant(ranges[key], np.int64) for key in ("starts", "ends", "axes", "steps")]
    return x._replace(name=graph.add("Slice", x.name, *bounds))


def concatenate(graph: Graph, axis: int, tensors: list[Tensor]) -> Tensor:
    """Join along a Keras axis."""
    stored = tensors[0].stored
    names = [graph.store(tensor, stored).name for tensor in tensors]
    return Tensor(graph.add("Concat", *names, axis=stored[axis]), stored)


def reduce_sum(graph: Graph, axes: list[int], x: Tensor) -> Tensor:
    """Sum over Keras axes, which stay with size 1."""
    return x._replace(name=graph.add("ReduceSum", x.name, graph.constant([x.stored[a] for a in axes], np.int64)))


def global_average(graph: Graph, x: Tensor) -> Tensor:
    """Mean over H and W, which stay with size 1."""
    return Tensor(graph.add("GlobalAveragePool", graph.store(x, CHANNELS_SECOND).name), CHANNELS_SECOND)


def ones_like(graph: Graph, x: Tensor) -> Tensor:
    """Ones in the shape of a tensor."""
    value = numpy_helper.from_array(np.ones(1, np.float32))
    return x._replace(name=graph.add("ConstantOfShape", graph.add("Shape", x.name), value=value))


def depth_to_space(graph: Graph, block: int, x: Tensor) -> Tensor:
    """Pixel shuffle in TensorFlow's order of channels."""
    name = graph.add("DepthToSpace", graph.store(x, CHANNELS_SECOND).name, blocksize=block, mode="DCR")
    return Tensor(name, CHANNELS_SECOND)


def rfft(graph: Graph, x: Tensor) -> tuple[Tensor, Tensor]:
    """Real and imaginary part of the transform of the last Keras axis, as two matrix products.

    onnxruntime's own DFT is slow, slowest at sizes such as 502 = 2 x 251, and needs opset 17.
    """
    axis = x.stored[-1]
    if axis < 2:
        x = graph.store(x, tuple(range(len(x.stored))))
        axis = 3
    cosine, sine = _dft_matrices(graph, x.name, axis)
    if axis == 3:
        names = [graph.add("MatMul", x.name, matrix) for matrix in (cosine, sine)]
    else:
        names = [graph.add("MatMul", graph.add("Transpose", m, perm=[1, 0]), x.name) for m in (cosine, sine)]
    return tuple(x._replace(name=name) for name in names)


def _dft_matrices(graph: Graph, name: str, axis: int) -> tuple[str, str]:
    """Cosine and -sine of 2 pi k n / N, n by k, for N the size of an axis at run time and k = 0..N/2.

    k n is reduced modulo N in whole numbers first, so that float32 angles stay exact for any N.
    """
    one = graph.constant(1, np.int64)
    scalar = graph.constant([], np.int64)
    size = graph.add("Gather", graph.add("Shape", name), graph.constant(axis, np.int64))
    frequencies = graph.add("Add", graph.add("Div", size, graph.constant(2, np.int64)), one)
    zero = graph.constant(0, np.int64)
    samples = graph.add("Unsqueeze", graph.add("Range", zero, size, one), graph.constant([1], np.int64))
    products = graph.add("Mul", samples, graph.add("Range", zero, frequencies, one))
    turns = graph.add("Cast", graph.add("Mod", products, size), to=TensorProto.FLOAT)
    length = graph.add("Cast", graph.add("Reshape", size, scalar), to=TensorProto.FLOAT)
    angles = graph.add("Mul", graph.add("Div", turns, length), graph.constant(2 * math.pi))
    return graph.add("Cos", angles), graph.add("Neg", graph.add("Sin", angles))
