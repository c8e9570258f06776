"""ONNX in the opsets that the runtimes of Fiji know, with free N, H and W.

Keras' own export and tf2onnx write files of DFCAN that no runtime loads; torch's exporter starts at opset 18.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from dfcan_bmz.export import OPSETS
from dfcan_bmz.export.graph import Graph, read_graph
from dfcan_bmz.export.onnx_spectrum import spectrum
from dfcan_bmz.export.walk import walk

IR_VERSION = 7
OUTPUTS = 1  # channels, of every network here
END = 2**63 - 1


def write(model_file: Path, path: Path, opset: int = OPSETS[0]) -> None:
    """Translate a ``.keras`` file.

    Raises
    ------
    NotImplementedError
        If the network has a layer without a translation.
    """
    proto = translated(read_graph(model_file), opset)
    onnx.checker.check_model(proto, full_check=True)
    path.write_bytes(proto.SerializeToString(deterministic=True))


def translated(graph: Graph, opset: int = OPSETS[0]) -> onnx.ModelProto:
    """Translate a network; NotImplementedError if it has a layer without a translation."""
    words = Onnx()
    source = words.add("Transpose", "input", perm=[0, 3, 1, 2])
    output = walk(graph, words, source)
    words.nodes.append(helper.make_node("Transpose", [output], ["output"], name="output", perm=[0, 2, 3, 1]))
    sides = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", f"{name}_y", f"{name}_x", channels])
        for name, channels in (("input", graph.channels), ("output", OUTPUTS))
    ]
    return helper.make_model(
        helper.make_graph(words.nodes, graph.name, sides[:1], sides[1:], list(words.constants.values())),
        opset_imports=[helper.make_opsetid("", opset)],
        ir_version=IR_VERSION,
        producer_name="dfcan_bmz",
    )


class Onnx:
    """ONNX nodes and constants under construction; a value is the name of an output."""

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
        array: np.ndarray = np.asarray(value, dtype)
        key = array.tobytes() + str((array.shape, array.dtype)).encode()
        if key not in self.constants:
            self.constants[key] = numpy_helper.from_array(array, f"constant_{len(self.constants)}")
        return self.constants[key].name

    def cut(self, x: str, axes: list[int], starts: list[int], ends: list[int], steps: list[int] | None = None) -> str:
        """Slice along axes."""
        bounds = (starts, ends, axes, steps or [1] * len(axes))
        return self.add("Slice", x, *(self.constant(bound, np.int64) for bound in bounds))

    def convolution(self, x: str, kernel: np.ndarray, bias: np.ndarray | None, groups: int, padding: int) -> str:
        weights = [self.constant(weight) for weight in (kernel, bias) if weight is not None]
        return self.add("Conv", x, *weights, group=groups, pads=[padding] * 4)

    def activation(self, name: str, x: str) -> str:
        if name == "gelu":
            # written out in the form that onnxruntime recognises and fuses: the operator itself came with opset 20
            erf = self.add("Erf", self.add("Div", x, self.constant(math.sqrt(2))))
            product = self.add("Mul", x, self.add("Add", erf, self.constant(1)))
            return self.add("Mul", product, self.constant(0.5))
        return self.add({"relu": "Relu", "sigmoid": "Sigmoid"}[name], x)

    def arithmetic(self, operator: str, x: str, y: str | float) -> str:
        other = y if isinstance(y, str) else self.constant(y)
        return self.add({"add": "Add", "mul": "Mul"}[operator], x, other)

    def concatenate(self, values: list[str]) -> str:
        return self.add("Concat", *values, axis=1)

    def mirror(self, x: str, rows: tuple[int, int], columns: tuple[int, int]) -> str:
        pads = [0, 0, rows[0], columns[0], 0, 0, rows[1], columns[1]]
        return self.add("Pad", x, self.constant(pads, np.int64), mode="reflect")

    def enlarge(self, x: str, block: int) -> str:
        return self.add("DepthToSpace", x, blocksize=block, mode="CRD")

    def every(self, x: str, step: int) -> str:
        return self.cut(x, [2, 3], [0, 0], [END, END], [step, step])

    def mean(self, x: str) -> str:
        return self.add("GlobalAveragePool", x)

    def spectrum(self, x: str) -> str:
        return spectrum(self, x)
