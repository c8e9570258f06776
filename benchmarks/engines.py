"""Seconds a prediction takes in each engine, as ratios to Keras on TensorFlow, and differences from Keras, in one run.

    python benchmarks/engines.py [name=rcan] [filters=32] [...]

The network is a full-size DFCAN, or what such settings of the config's section `model` make of it.

Random weights, those of the attention ten times as large as usual, so that the Fourier branch matters; sizes 128, 256
and 502 px, batch 1. Every engine loads its own file, in this process, one after the other. Each time is the best of
several repetitions. For a DFCAN the last line is the share of onnxruntime's time that the Fourier transforms take.
"""

import importlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from dfcan_bmz.config import ModelConfig
from dfcan_bmz.export import FILE_NAMES, export
from dfcan_bmz.extras import missing_extra
from dfcan_bmz.models import build_model

ATTENTION = ("dfcan", "rcan")  # whose convolutions of 1 x 1 are those of the attention
SIZES_PX = (128, 256, 502)
REPETITIONS = {128: 7, 256: 5, 502: 3}


def random_image(size: int) -> np.ndarray:
    """The image that every engine gets, (1, size, size, 1)."""
    return np.random.default_rng(0).uniform(size=(1, size, size, 1)).astype("float32")


def seconds(network, size: int) -> float:
    """Best time of one prediction, after one to warm up."""
    image = random_image(size)
    network(image)
    times = []
    for _ in range(REPETITIONS[size]):
        started = time.perf_counter()
        network(image)
        times.append(time.perf_counter() - started)
    return min(times)


def main(*settings: str) -> None:
    """Print a Markdown table."""
    config = ModelConfig.model_validate(dict(setting.split("=") for setting in settings))
    print(f"{config.name} {' '.join(settings)}, {os.cpu_count()} cores\n")
    print("| engine | " + " | ".join(f"{size} px" for size in SIZES_PX) + " |")
    print("|---" * (len(SIZES_PX) + 1) + "|")
    with tempfile.TemporaryDirectory() as folder:
        model_file = Path(folder) / "model.keras"
        model = build_model(config, np.random.default_rng(0))
        for layer in model.layers:
            if config.name in ATTENTION and getattr(layer, "kernel_size", None) == (1, 1):
                layer.kernel.assign(10 * layer.kernel)
        model.save(model_file)
        reference, outputs = {}, {}
        for name in FILE_NAMES:
            if missing_extra(name):
                continue
            network = importlib.import_module(f"dfcan_bmz.engines.{name}").load(export(name, model_file, Path(folder)))
            cells = []
            for size in SIZES_PX:
                taken = seconds(network, size)
                reference.setdefault(size, taken)
                output = network(random_image(size))
                difference = np.abs(output - outputs.setdefault(size, output)).max()
                cells.append(f"{taken:.2f} s ({taken / reference[size]:.2f}), {difference:.1e}")
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
        if config.name == "dfcan" and not missing_extra("onnx"):
            shares = [f"{transform_share(Path(folder) / FILE_NAMES['onnx'], size):.0%}" for size in SIZES_PX]
            print(f"\nFourier transforms in onnxruntime: {', '.join(shares)}")


def transform_share(path: Path, size: int) -> float:
    """Share of the time that onnxruntime spends in the matrix products and matrices of the Fourier transforms."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.enable_profiling = True
    options.profile_file_prefix = str(path.parent / "profile")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    for _ in range(3):
        session.run(None, {"input": random_image(size)})
    events = json.loads(Path(session.end_profiling()).read_text())
    nodes = [(event["args"].get("op_name"), event["dur"]) for event in events if event["cat"] == "Node"]
    transform = {"MatMul", "FusedMatMul", "Cos", "Sin", "Neg", "Mod", "Range"}
    return sum(duration for name, duration in nodes if name in transform) / sum(duration for _, duration in nodes)


if __name__ == "__main__":
    main(*sys.argv[1:])
