"""onnxruntime runs ONNX files."""

from pathlib import Path

import numpy as np
import onnxruntime

from dfcan_bmz.engines import Network


def load(path: Path) -> Network:
    """Load an ONNX file as a callable on (N, H, W, 1) float32."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (source,) = session.get_inputs()

    def run(batch: np.ndarray) -> np.ndarray:
        return session.run(None, {source.name: np.ascontiguousarray(batch, np.float32)})[0]

    return run
