"""ONNX: the Keras graph, node by node, opset 13 and IR 7, so that onnxruntime 1.13 in Fiji reads it too.

Keras' own export and tf2onnx write files of this network that no runtime loads; torch's exporter starts at opset 18.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import onnx
from onnx import TensorProto, helper

from dfcan_bmz.export import ONNX_OPSET
from dfcan_bmz.export import onnx_operators as operators
from dfcan_bmz.export.onnx_operators import CHANNELS_LAST, Graph, Tensor

IR_VERSION = 7
ELEMENTWISE = {
    "Add": "Add",
    "Subtract": "Sub",
    "Multiply": "Mul",
    "TrueDivide": "Div",
    "Maximum": "Max",
    "Power": "Pow",
    "ReLU": "Relu",
    "Relu": "Relu",
    "Sqrt": "Sqrt",
}


def write(model_file: Path, path: Path) -> None:
    """Translate a ``.keras`` file, with free N, H and W.

    Raises
    ------
    NotImplementedError
        If the network has an operation that has no translation here.
    """
    model = keras.saving.load_model(model_file, compile=False)
    graph = Graph()
    output = graph.store(_translate(model, graph, Tensor("input", CHANNELS_LAST)), CHANNELS_LAST)
    graph.nodes.append(helper.make_node("Identity", [output.name], ["output"], name="output"))
    sides = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", f"{name}_y", f"{name}_x", 1])
        for name in ("input", "output")
    ]
    proto = helper.make_model(
        helper.make_graph(graph.nodes, model.name, sides[:1], sides[1:], list(graph.constants.values())),
        opset_imports=[helper.make_opsetid("", ONNX_OPSET)],
        ir_version=IR_VERSION,
        producer_name="dfcan_bmz",
    )
    onnx.checker.check_model(proto, full_check=True)
    path.write_bytes(proto.SerializeToString(deterministic=True))


def _translate(model: keras.Model, graph: Graph, source: Tensor) -> Tensor:
    config = model.get_config()
    layers = {layer["name"]: layer for layer in config["layers"]}
    values: dict[tuple[str, int, int], Tensor] = {}
    for layer in layers.values():
        if layer["class_name"] == "InputLayer":
            values[layer["name"], 0, 0] = source
    # a shared layer has a node for each of its uses; one may need what a later layer makes of an earlier use
    waiting = [(name, use, node) for name, layer in layers.items() for use, node in enumerate(layer["inbound_nodes"])]
    while waiting:
        ready = [entry for entry in waiting if _sources(entry[2]["args"]) <= values.keys()]
        name, use, node = ready[0]
        waiting.remove(ready[0])
        arguments = [_resolve(argument, values) for argument in node["args"]]
        outputs = _call(model, layers[name], graph, arguments)
        if layers[name]["class_name"] == "Functional":
            use += 1  # its first node is the network by itself
        for index, output in enumerate(outputs if isinstance(outputs, list) else [outputs]):
            values[name, use, index] = output
    ((name, use, index),) = (
        [config["output_layers"]] if isinstance(config["output_layers"][0], str) else config["output_layers"]
    )
    return values[name, use, index]


def _call(model: keras.Model, config: dict, graph: Graph, arguments: list[Any]) -> Any:
    kind = config["class_name"]
    if kind == "Functional":  # a network within the network
        return _translate(model.get_layer(config["name"]), graph, *arguments)
    weights = model.get_layer(config["name"]).get_weights() if kind in ("Conv2D", "DepthwiseConv2D") else []
    return _operator(kind)(graph, kind, config["config"], weights, arguments)


def _sources(argument: Any) -> set[tuple[str, int, int]]:
    """Every tensor that the arguments of a node speak of."""
    if isinstance(argument, list | tuple):
        return set().union(*map(_sources, argument))
    if isinstance(argument, dict) and argument["class_name"] == "__keras_tensor__":
        return {tuple(argument["config"]["keras_history"])}
    return set()


def _resolve(argument: Any, values: dict[tuple[str, int, int], Tensor]) -> Any:
    """Turn a serialised argument of a Keras node into tensors, slices and numbers."""
    if isinstance(argument, list | tuple):
        return [_resolve(part, values) for part in argument]
    if not isinstance(argument, dict):
        return argument
    config = argument["config"]
    if argument["class_name"] == "__keras_tensor__":
        return values[tuple(config["keras_history"])]
    return (
        Ellipsis if argument["class_name"] == "__ellipsis__" else slice(config["start"], config["stop"], config["step"])
    )


def _operator(kind: str) -> Callable[..., Any]:
    if kind in ELEMENTWISE:
        return lambda g, kind, config, weights, a: operators.elementwise(g, ELEMENTWISE[kind], *a)
    try:
        return OPERATORS[kind]
    except KeyError:
        raise NotImplementedError(f"the operation {kind} has no translation to ONNX") from None


OPERATORS: dict[str, Callable[..., Any]] = {
    "Cast": lambda g, kind, config, weights, a: a[0],
    "Concatenate": lambda g, kind, config, weights, a: operators.concatenate(g, config["axis"], a[0]),
    "Conv2D": lambda g, kind, config, weights, a: operators.conv2d(g, config, weights, a[0]),
    "DepthToSpace": lambda g, kind, config, weights, a: operators.depth_to_space(g, config["block_size"], a[0]),
    "DepthwiseConv2D": lambda g, kind, config, weights, a: operators.depthwise_conv2d(g, config, weights, a[0]),
    "Flip": lambda g, kind, config, weights, a: operators.flip(g, config["axis"], a[0]),
    "GetItem": lambda g, kind, config, weights, a: operators.get_item(g, *a),
    "GlobalAveragePooling2D": lambda g, kind, config, weights, a: operators.global_average(g, a[0]),
    "OnesLike": lambda g, kind, config, weights, a: operators.ones_like(g, a[0]),
    "Pad": lambda g, kind, config, weights, a: operators.pad(g, config["pad_width"], config["mode"], a[0]),
    "RFFT": lambda g, kind, config, weights, a: list(operators.rfft(g, a[0])),
    "Square": lambda g, kind, config, weights, a: operators.elementwise(g, "Mul", a[0], a[0]),
    "Sum": lambda g, kind, config, weights, a: operators.reduce_sum(g, config["axis"], a[0]),
    "Transpose": lambda g, kind, config, weights, a: operators.transpose(g, config["axes"], a[0]),
}


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
