"""TensorFlow runs zipped SavedModels."""

import tempfile
import zipfile
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from dfcan_bmz.engines import Network
from dfcan_bmz.errors import DfcanError

# TensorFlow has no safe mode: a graph may read and write any file of the user, or call Python
DANGEROUS = {"ReadFile", "WriteFile", "MatchingFiles", "PyFunc", "PyFuncStateless", "EagerPyFunc"}


def load(path: Path) -> Network:
    """Load the ``serving_default`` signature of a zipped SavedModel as a callable on (N, H, W, 1) float32.

    Raises
    ------
    DfcanError
        If its graph touches files or calls Python.
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
    """Raise DfcanError if a zipped SavedModel has operations that reach outside of it."""
    content = saved_model_pb2.SavedModel()
    with zipfile.ZipFile(path) as archive:
        (file,) = [name for name in archive.namelist() if name.rpartition("/")[2] == "saved_model.pb"]
        content.ParseFromString(archive.read(file))
    operations = set()
    for graph in (meta.graph_def for meta in content.meta_graphs):
        operations |= {node.op for node in graph.node}
        operations |= {node.op for function in graph.library.function for node in function.node_def}
    if found := sorted(operations & DANGEROUS):
        raise DfcanError(f"its graph reaches outside of itself ({', '.join(found)}): do not trust where it came from")
