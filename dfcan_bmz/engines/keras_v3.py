"""Keras 3 runs ``.keras`` files."""

from pathlib import Path

import keras
import numpy as np

from dfcan_bmz.engines import Network, damaged


def load_model(path: Path) -> keras.Model:
    """Load a ``.keras`` file in Keras' safe mode, which runs no code of the file's author.

    Raises
    ------
    DfcanError
        If the file is no intact ``.keras`` file or needs code to load.
    """
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        raise damaged(path, error) from error


def load(path: Path) -> Network:
    """Return the network as a callable, (N, H, W, C) to (N, sH, sW, 1) float32."""
    return callable_of(load_model(path))


def callable_of(model: keras.Model) -> Network:
    """Wrap a Keras model as a callable on NumPy arrays."""

    def run(batch: np.ndarray) -> np.ndarray:
        return keras.ops.convert_to_numpy(model.predict_on_batch(batch))

    return run
