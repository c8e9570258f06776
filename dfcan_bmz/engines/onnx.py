"""onnxruntime runs ONNX files."""

import os
from pathlib import Path

import numpy as np
import onnxruntime

from dfcan_bmz.engines import Network


def load(path: Path) -> Network:
    """Load an ONNX file as a callable on (N, H, W, 1) float32."""
    options = onnxruntime.SessionOptions()
    # onnxruntime does not read the variable, and would take every core in each worker of a cluster
    threads = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    options.intra_op_num_threads = int(threads) if threads.isdecimal() else 0  # 0: as many as cores
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (source,) = session.get_inputs()

    def run(batch: np.ndarray) -> np.ndarray:
        return session.run(None, {source.name: np.ascontiguousarray(batch, np.float32)})[0]

    return run
