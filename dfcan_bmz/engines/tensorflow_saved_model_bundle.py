"""TensorFlow runs zipped SavedModels."""

import tempfile
import zipfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from dfcan_bmz.engines import Network


def load(path: Path) -> Network:
    """Load the ``serving_default`` signature of a zipped SavedModel as a callable on (N, H, W, 1) float32.

    TensorFlow has no safe mode: whoever calls this has screened the file, or knows who made it.
    """
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
