"""TensorFlow runs zipped SavedModels."""

import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import graph_pb2
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry

from dfcan_bmz.engines import Network
from dfcan_bmz.errors import DfcanError

# TensorFlow has no safe mode: a graph may read and write any file of the user, or call Python. Whatever has a state is
# refused, unless it belongs to variables, calls and conditions; these have none, and reach out all the same
STATELESS_DANGERS = {"ReadFile", "MatchingFiles", "PyFuncStateless", "LoadLibrary"}
HARMLESS_STATES = {
    "Assert",
    "Assign",
    "AssignVariableOp",
    "If",
    "Placeholder",
    "ReadVariableOp",
    "StatefulPartitionedCall",
    "VarHandleOp",
    "VariableV2",
    "While",
}


def load(path: Path) -> Network:
    """Load the ``serving_default`` signature of a zipped SavedModel as a callable on (N, H, W, 1) float32.

    Raises
    ------
    DfcanError
        If its graph may reach outside of itself.
    """
    refuse_dangerous(path)
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        loaded = tf.saved_model.load(folder, tags=["serve"])
    signature = loaded.signatures["serving_default"]
    (name,) = signature.structured_input_signature[1]
    (output,) = signature.structured_outputs

    def run(batch: np.ndarray) -> np.ndarray:
        # the signature is bound to `loaded`, which has to outlive it
        assert loaded is not None
        return signature(**{name: tf.constant(batch, tf.float32)})[output].numpy()

    return run


def refuse_dangerous(path: Path) -> None:
    """Raise DfcanError if what a zipped SavedModel computes may touch files or call Python."""
    content = saved_model_pb2.SavedModel()
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        others = [name for name in names if name.endswith((".pbtxt", ".cpb")) or name.endswith("/saved_model.pb")]
        if "saved_model.pb" not in names or others:
            raise DfcanError("its zip has no saved_model.pb at its root, or another graph beside it: export it again")
        content.ParseFromString(archive.read("saved_model.pb"))
    found = {name for meta in content.meta_graphs for name in _reached(meta) if _reaches_out(name)}
    if found:
        raise DfcanError(f"contains operations that may reach outside of it ({', '.join(sorted(found))})")


def _reached(meta) -> Iterator[str]:
    """Operations that a signature, the initialisation included, can cause to run; saving is not among them."""
    nodes = {node.name: node for node in meta.graph_def.node}
    functions = {function.signature.name: function for function in meta.graph_def.library.function}
    waiting = [
        tensor.name.partition(":")[0]
        for signature in meta.signature_def.values()
        for tensor in (*signature.outputs.values(), *signature.inputs.values())
    ]
    called: list[graph_pb2.NodeDef] = []
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in nodes:
            continue
        seen.add(name)
        called.append(nodes[name])
        waiting += [source.removeprefix("^").partition(":")[0] for source in nodes[name].input]
    entered: set[str] = set()
    while called:
        node = called.pop()
        yield node.op
        attributes = [value for attribute in node.attr.values() for value in (attribute, *attribute.list.func)]
        names = [node.op, *(getattr(a, "func", a).name for a in attributes if hasattr(getattr(a, "func", a), "name"))]
        for function in names:
            if function in functions and function not in entered:
                entered.add(function)
                called += functions[function].node_def


def _reaches_out(operation: str) -> bool:
    definition = op_def_registry.get(operation)
    if definition is None or operation in STATELESS_DANGERS:
        return definition is not None  # a call of a function of the graph itself has no definition
    return definition.is_stateful and operation not in HARMLESS_STATES
