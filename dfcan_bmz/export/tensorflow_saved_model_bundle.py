"""Zipped SavedModel with a frozen graph: no variables, one signature, readable by TensorFlow 2.7 and newer."""

import os
import sys
import tempfile
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"  # this module runs as a process of its own

import keras
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from dfcan_bmz.files import write_zip


def write(model_file: Path, path: Path) -> None:
    """Freeze a ``.keras`` file into a zipped SavedModel with free N, H and W.

    Keras' own export writes resource variables and a second signature, which bioimageio.core and TensorFlow before 2.8
    refuse. Here every weight is a constant, and ``input`` and ``output`` are the tensor ids of the description.
    """
    model = keras.saving.load_model(model_file, compile=False)
    function = tf.function(model).get_concrete_function(
        tf.TensorSpec([None, None, None, model.input_shape[-1]], tf.float32)
    )
    frozen = convert_variables_to_constants_v2(function)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        _build(frozen, folder)
        # written anew with its maps in order, which TensorFlow leaves to chance
        content = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
        (folder / "saved_model.pb").write_bytes(content.SerializeToString(deterministic=True))
        write_zip(folder, path)


def _build(frozen, folder: Path) -> None:
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
        tf.import_graph_def(frozen.graph.as_graph_def(), name="")
        tensors = [graph.get_tensor_by_name(tensor.name) for tensor in (*frozen.inputs, *frozen.outputs)]
        infos = [tf.compat.v1.saved_model.build_tensor_info(tensor) for tensor in tensors]
        signature = tf.compat.v1.saved_model.build_signature_def(
            {"input": infos[0]}, {"output": infos[1]}, tf.saved_model.PREDICT_METHOD_NAME
        )
        builder = tf.compat.v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
