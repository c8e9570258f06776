"""onnxruntime runs ONNX files, and translates ``.keras`` files when it loads them: no framework is needed."""

import os
from pathlib import Path

import numpy as np
import onnxruntime

from dfcan_bmz.backends import nvidia_is_here
from dfcan_bmz.engines import Network
from dfcan_bmz.export.graph import Graph

CUDA, PROCESSOR = "CUDAExecutionProvider", "CPUExecutionProvider"
# accelerators would round the factors of products to ten bits, which is beyond the tolerance of a bundle
EXACT = {"use_tf32": "0"}


def load(path: Path) -> Network:
    """Load an ONNX file as a callable on (N, H, W, C) float32."""
    return _network(str(path))


def load_graph(graph: Graph) -> Network:
    """Load what was read from a ``.keras`` file; NotImplementedError if it has a layer without a translation."""
    from dfcan_bmz.export.onnx import translated

    return _network(translated(graph).SerializeToString())


def on_gpu() -> bool:
    """Whether networks run on a graphics card: onnxruntime-gpu is installed, and there is one."""
    return CUDA in onnxruntime.get_available_providers() and nvidia_is_here()


def _network(model: str | bytes) -> Network:
    options = onnxruntime.SessionOptions()
    # onnxruntime does not read the variable, and would take every core in each worker of a cluster
    threads = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    options.intra_op_num_threads = int(threads) if threads.isdecimal() else 0  # 0: as many as cores
    providers = [(CUDA, EXACT), PROCESSOR] if on_gpu() else [PROCESSOR]
    session = onnxruntime.InferenceSession(model, options, providers=providers)
    (source,) = session.get_inputs()

    def run(batch: np.ndarray) -> np.ndarray:
        return session.run(None, {source.name: np.ascontiguousarray(batch, np.float32)})[0]

    return run
