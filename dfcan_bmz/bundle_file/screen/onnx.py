"""An ONNX file: its weights lie in it, its operations are ONNX's own, and none of them loops.

Fields after onnx.proto of ONNX 1.23; messages that hold no node, tensor or graph are not looked into.
"""

from pathlib import Path

from dfcan_bmz.bundle_file.screen.protobuf import Field, Value, numbers, read, text, whole
from dfcan_bmz.bundle_file.screen.refusal import UnlistedError, named, refuse_endless

STANDARD = {"", "ai.onnx", "ai.onnx.ml"}
LOOPS = {"Loop", "Scan", "SequenceMap"}
ORT_FORMAT = b"ORTM"  # another format, which onnxruntime knows by these four bytes
EXTERNAL = 1


def _fields(rest: str, **known: int) -> dict[int, Field]:
    """Fields of a message by number: those that are looked into, and the numbers of the rest."""
    fields = {int(number): numbers(f"rest {number}")[0] for number in rest.split()}
    return fields | {number: Field(name) for name, number in known.items()}


MODEL = _fields("1 2 3 4 5 6 8 14", graphs=7, training=20, functions=25, configuration=26)
GRAPH = _fields("2 10 11 12 13 14 16", nodes=1, tensors=5, sparse=15)
NODE = _fields("1 2 3 6 8 9 10", operation=4, attributes=5, domain=7)
ATTRIBUTE = _fields("1 2 3 4 7 8 9 13 14 15 20 21", tensors=5, graphs=6, more_tensors=10, more_graphs=11, sparse=22)
ATTRIBUTE |= _fields("", more_sparse=23)
TENSOR = _fields("1 2 3 4 5 6 7 8 9 10 11 12 16", external=13) | {14: numbers("location")[0]}
SPARSE = _fields("3", values=1, indices=2)
FUNCTION = _fields("4 5 6 8 9 12 14", name=1, nodes=7, domain=10, presets=11)


def refuse_unlisted(path: Path) -> None:
    """Raise UnlistedError, or an error of a damaged file, if an ONNX file is more than a network."""
    data = path.read_bytes()
    if data[4:8] == ORT_FORMAT:
        raise UnlistedError("a model in onnxruntime's own format")
    model = read(whole(data), MODEL, "the model")
    if not model["graphs"]:
        raise ValueError("no ONNX model")
    if model["training"]:
        raise UnlistedError("instructions for training")
    functions: dict[str, list[Value]] = {}
    for part in model["functions"]:
        function = read(part, FUNCTION, "a function")
        name = _name(function["domain"], function["name"])
        if name in functions:
            raise UnlistedError(f"two functions of one name ({named([name])})")
        functions[name] = function["nodes"]
        for attribute in function["presets"]:
            _attribute(attribute, functions)
    calls = {name: [call for node in nodes for call in _node(node, functions)] for name, nodes in functions.items()}
    calls["the graph"] = [call for graph in model["graphs"] for call in _graph(graph, functions)]
    own = {name: 1 + len(called) for name, called in calls.items()}
    refuse_endless({name: [(call, 1) for call in called if call] for name, called in calls.items()}, own)


def _name(domain: list[Value], name: list[Value]) -> str:
    return "/".join(text(part) for part in (*domain[-1:], *name[-1:]))


def _graph(data: Value, functions: dict[str, list[Value]]) -> list[str]:
    """For every node, also those in graphs within, the function that it calls, or an empty name."""
    graph = read(data, GRAPH, "a graph")
    for tensor in graph["tensors"]:
        _tensor(tensor)
    for tensor in graph["sparse"]:
        _sparse(tensor)
    return [call for node in graph["nodes"] for call in _node(node, functions)]


def _node(data: Value, functions: dict[str, list[Value]]) -> list[str]:
    node = read(data, NODE, "a node")
    name, domain = _name(node["domain"], node["operation"]), _name(node["domain"], [])
    operation = name.rpartition("/")[2]
    if name not in functions and (domain not in STANDARD or operation in LOOPS):
        raise UnlistedError(f"operations that are not listed ({named([name])})")
    within = [call for attribute in node["attributes"] for call in _attribute(attribute, functions)]
    return [name if name in functions else "", *within]


def _attribute(data: Value, functions: dict[str, list[Value]]) -> list[str]:
    attribute = read(data, ATTRIBUTE, "an attribute")
    for tensor in (*attribute["tensors"], *attribute["more_tensors"]):
        _tensor(tensor)
    for tensor in (*attribute["sparse"], *attribute["more_sparse"]):
        _sparse(tensor)
    graphs = (*attribute["graphs"], *attribute["more_graphs"])
    return [call for graph in graphs for call in _graph(graph, functions)]


def _tensor(data: Value) -> None:
    tensor = read(data, TENSOR, "a tensor")
    if tensor["external"] or EXTERNAL in tensor["location"]:
        raise UnlistedError("weights in another file")


def _sparse(data: Value) -> None:
    sparse = read(data, SPARSE, "a sparse tensor")
    for tensor in (*sparse["values"], *sparse["indices"]):
        _tensor(tensor)
