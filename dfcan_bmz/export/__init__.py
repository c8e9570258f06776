"""One file per weight format: ``write(model_file, path)``."""

import importlib
import os
import re
import subprocess
from pathlib import Path

from dfcan_bmz import children
from dfcan_bmz.errors import UnfinishedError

FILE_NAMES = {
    "keras_v3": "weights.keras",
    # deepImageJ prefers this name and extracts it beside itself
    "tensorflow_saved_model_bundle": "tf_weights.zip",
    "torchscript": "weights.pt",
    "onnx": "weights.onnx",
}
# the opsets that are written, and that onnxruntime 1.13, the newest one in Fiji, reads
OPSETS = (14, 15, 16, 17)
# processes that write or check a format beside each other: the imports of each keep one processor core busy, and a
# full-size network takes a few GB
AT_A_TIME = 2
# formats are written and compared on the processor: a trace keeps the device that it was made on, and accelerators
# round the factors of their products to ten bits, which is beyond the tolerance of a bundle
ON_PROCESSOR = {"CUDA_VISIBLE_DEVICES": "-1", "KERAS_TORCH_DEVICE": "cpu", "JAX_PLATFORMS": "cpu"}


def export(weight_format: str, model_file: Path, folder: Path, **settings: int) -> Path:
    """Write a trained model in one format.

    Parameters
    ----------
    weight_format : str
        A key of `FILE_NAMES`.
    model_file : pathlib.Path
        A ``.keras`` file.
    folder : pathlib.Path
        Where to write.
    **settings
        ``opset``, of the format ``onnx``: one of `OPSETS`, the first if it is not given.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    UnfinishedError
        If the writer fails.
    """
    path = folder / FILE_NAMES[weight_format]
    try:
        if weight_format == "tensorflow_saved_model_bundle":
            _write_apart(model_file, path)
        else:
            importlib.import_module(f"dfcan_bmz.export.{weight_format}").write(model_file, path, **settings)
    except Exception as error:
        # Keras reports a file that it cannot read in many ways
        reason = " ".join(str(error).split()) or type(error).__name__
        advice = "leave it out of the recipe's formats"
        raise UnfinishedError(f"{weight_format} could not be written ({reason[:300]}): {advice}") from error
    return path


def _write_apart(model_file: Path, path: Path) -> None:
    """Write a SavedModel in a process of its own, in which Keras runs on TensorFlow."""
    module = "dfcan_bmz.export.tensorflow_saved_model_bundle"
    answer = children.run(module, model_file, path, env=os.environ | ON_PROCESSOR)
    if answer.returncode:
        raise UnfinishedError(last_words(answer))


def last_words(answer: subprocess.CompletedProcess) -> str:
    """The error that a failed process wrote on stderr: its last line that names one, else its last line."""
    lines = answer.stderr.strip().splitlines() or [f"the process ended with {answer.returncode}, without a word"]
    return next((line for line in reversed(lines) if re.match(r"[\w.]+(Error|Exception)\b", line)), lines[-1])
