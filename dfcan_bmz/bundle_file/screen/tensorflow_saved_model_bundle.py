"""A zipped SavedModel: one frozen graph and its signatures, of listed operations only.

TensorFlow runs more of a SavedModel than its signatures: what collections and the saver name, initialisers of tracked
objects, assets. None of that is in a frozen graph, so that all of it is refused, whatever it would do.
"""

import re
import zipfile
from pathlib import Path

from dfcan_bmz.bundle_file.screen import protobuf
from dfcan_bmz.bundle_file.screen.protobuf import VARINT, Field, entries, numbers, read, text, whole
from dfcan_bmz.bundle_file.screen.refusal import UnlistedError, named, refuse_endless
from dfcan_bmz.bundle_file.screen.tensorflow_operations import ATTRIBUTES, CALLS, OPERATIONS

MEMBERS = {"saved_model.pb", "fingerprint.pb", "variables/"}
# no operation of TensorFlow is called like this, so that a function cannot stand in for one
FUNCTION = re.compile(r"(__)?[a-z][\w.\-/]*")
DEVICE = re.compile(r"((/job:localhost)?(/replica:0)?(/task:0)?/?(device:)?(CPU|GPU):\d+)?", re.IGNORECASE)
HANDLES = {20, 21}  # DT_RESOURCE and DT_VARIANT: objects of the running program; 101 and above are references

SAVED_MODEL = {1: Field("version", (VARINT,)), 2: Field("graphs")}
META_GRAPH = {
    1: Field("information"),
    2: Field("graph"),
    3: Field("a saver, which reads and writes files"),
    4: Field("collections, which may run when it is loaded"),
    5: Field("signatures"),
    6: Field("assets"),
    7: Field("tracked objects, which may run when it is loaded"),
}
REFUSED = [field.name for number, field in META_GRAPH.items() if number in (3, 4, 6, 7)]
GRAPH = {1: Field("nodes"), 2: Field("library"), 3: Field("version", (VARINT,)), 4: Field("versions")}
LIBRARY = {1: Field("functions")}
FUNCTION_DEF = {
    1: Field("signature"),
    3: Field("nodes"),
    4: Field("returned"),
    5: Field("attributes"),
    6: Field("control"),
    7: Field("arguments"),
    8: Field("resources"),
}
SIGNATURE = {1: Field("name"), **dict.fromkeys((2, 3, 4, 5, 6, 20), Field("rest")), 17: Field("stateful", (VARINT,))}
NODE = {
    1: Field("name"),
    2: Field("operation"),
    3: Field("inputs"),
    4: Field("device"),
    5: Field("attributes"),
    6: Field("debug"),
    7: Field("type"),
}
_KINDS = {2: Field("texts"), **dict(zip((3, 4, 5, 6), numbers("ints", "floats", "bools", "types"), strict=True))}
_KINDS |= {7: Field("shapes"), 8: Field("tensors")}
ATTRIBUTE = {1: Field("lists"), **_KINDS, 10: Field("functions")}
CALLED = {1: Field("name"), 2: Field("attributes")}
TENSOR = {1: Field("type", (VARINT,)), 2: Field("shape"), 4: Field("content"), 8: Field("texts")}
TENSOR |= dict(zip((3, 5, 6, 7, 9, 10, 11, 12, 13, 16, 17), numbers(*"abcdefghijk"), strict=True))
ARGUMENT = {1: Field("key", (VARINT,)), 2: Field("value")}
# how many devices there are, options of a GPU, and whether another device will do
SETTINGS = {1: Field("devices"), 6: Field("gpu"), 7: Field("soft", (VARINT,)), 16: Field("more"), 18: Field("plugins")}
MOST_SETTINGS = 64


def refuse_unlisted(path: Path) -> None:
    """Raise UnlistedError, or an error of a damaged file, if a zipped SavedModel is more than a listed frozen graph."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if others := set(names) - MEMBERS:
            raise UnlistedError(f"files beside the graph ({named(others)})")
        if names.count("saved_model.pb") != 1:
            raise UnlistedError("no saved_model.pb, or two of them")
        content = read(whole(archive.read("saved_model.pb")), SAVED_MODEL, "the SavedModel")
    for graph in content["graphs"]:
        _refuse_meta_graph(graph)


def _refuse_meta_graph(data: protobuf.Value) -> None:
    meta = read(data, META_GRAPH, "the SavedModel")
    if found := [name for name in REFUSED if meta[name]]:
        raise UnlistedError("; ".join(found))
    if reserved := [key for key, _ in entries(meta["signatures"], "the signatures") if key.startswith("__")]:
        raise UnlistedError(f"a signature that runs when it is loaded ({named(reserved)})")
    functions: dict[str, list[protobuf.Value]] = {"": []}  # the graph itself has no name
    for part in meta["graph"]:
        graph = read(part, GRAPH, "the graph")
        functions[""] += graph["nodes"]
        for library in graph["library"]:
            for function in read(library, LIBRARY, "the library of functions")["functions"]:
                _add_function(function, functions)
    calls = {name: [call for node in nodes for call in _node(node, functions)] for name, nodes in functions.items()}
    own = {name: len(nodes) for name, nodes in functions.items()}
    refuse_endless({name: [(one, 1) for one in called] for name, called in calls.items()}, own)


def _add_function(data: protobuf.Value, functions: dict[str, list[protobuf.Value]]) -> None:
    function = read(data, FUNCTION_DEF, "a function")
    names = [name for part in function["signature"] for name in read(part, SIGNATURE, "a signature")["name"]]
    if len(names) != 1 or not FUNCTION.fullmatch(text(names[0])) or text(names[0]) in functions:
        raise UnlistedError(f"a function of another name than TensorFlow gives ({named(map(text, names))})")
    functions[text(names[0])] = function["nodes"]
    _attributes(function["attributes"], functions)
    for argument in function["arguments"]:
        for value in read(argument, ARGUMENT, "an argument")["value"]:
            _attributes(read(value, {1: Field("attributes")}, "an argument")["attributes"], functions)


def _node(data: protobuf.Value, functions: dict[str, list[protobuf.Value]]) -> list[str]:
    """Functions of the library that a node calls."""
    node = read(data, NODE, "a node")
    operations = [text(name) for name in node["operation"]]
    called = [name for name in operations if name in functions]
    if others := set(operations) - OPERATIONS - CALLS - set(called):
        raise UnlistedError(f"operations that are not listed ({named(others)})")
    if elsewhere := [name for name in map(text, node["device"]) if not DEVICE.fullmatch(name)]:
        raise UnlistedError(f"nodes for other devices ({named(elsewhere)})")
    return called + _attributes(node["attributes"], functions)


def _attributes(values: list[protobuf.Value], functions: dict[str, list[protobuf.Value]]) -> list[str]:
    called = []
    for name, value in entries(values, "the attributes"):
        if (name.startswith("_") and name not in ATTRIBUTES) or name.startswith("api_"):
            raise UnlistedError(f"attributes that are not listed ({named([name])})")
        attribute = read(value, ATTRIBUTE, f"the attribute {name}")
        if name == "config_proto":
            for settings in attribute["texts"]:
                read(settings, SETTINGS, "the settings of a call")
                if isinstance(settings, int) or len(settings.data) > MOST_SETTINGS:
                    raise UnlistedError("settings of a call that are not listed")
        called += _values(attribute, name, functions)
        for part in attribute["lists"]:
            called += _values(read(part, {**_KINDS, 9: Field("functions")}, f"the attribute {name}"), name, functions)
    return called


def _values(attribute: dict[str, list[protobuf.Value]], name: str, functions: dict) -> list[str]:
    types = list(attribute["types"])
    for tensor in attribute["tensors"]:
        types += read(tensor, TENSOR, "a constant")["type"]
    for packed in types:
        for kind in [packed] if isinstance(packed, int) else packed.data:
            if kind in HANDLES or kind > 100:
                raise UnlistedError(f"handles of objects ({name})")
    called = []
    for value in attribute["functions"]:
        call = read(value, CALLED, "a call")
        names = [text(one) for one in call["name"]]
        if others := set(names) - functions.keys() or (not names and {"a call of nothing"}):
            raise UnlistedError(f"calls of functions that it does not define ({named(others)})")
        called += names + _attributes(call["attributes"], functions)
    return called
