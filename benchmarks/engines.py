"""Seconds a prediction takes in each engine, as ratios to Keras on TensorFlow, in one run.

    python benchmarks/engines.py [filters groups blocks]

Random weights; sizes 128, 256 and 502 px, batch 1. Every engine loads its own file, in this process, one after the
other. Each figure is the best of several repetitions.
"""

import importlib
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from dfcan_bmz.config import ModelConfig
from dfcan_bmz.export import FILE_NAMES, export, missing_extra
from dfcan_bmz.models import build_model

SIZES_PX = (128, 256, 502)
REPETITIONS = {128: 7, 256: 5, 502: 3}


def seconds(network, size: int) -> float:
    """Best time of one prediction, after one to warm up."""
    image = np.random.default_rng(0).uniform(size=(1, size, size, 1)).astype("float32")
    network(image)
    times = []
    for _ in range(REPETITIONS[size]):
        started = time.perf_counter()
        network(image)
        times.append(time.perf_counter() - started)
    return min(times)


def main(filters: int = 64, groups: int = 4, blocks: int = 4) -> None:
    """Print a Markdown table."""
    print(f"DFCAN x2, {filters} filters, {groups} x {blocks} blocks, {os.cpu_count()} cores\n")
    print("| engine | " + " | ".join(f"{size} px" for size in SIZES_PX) + " |")
    print("|---" * (len(SIZES_PX) + 1) + "|")
    with tempfile.TemporaryDirectory() as folder:
        model_file = Path(folder) / "model.keras"
        config = ModelConfig(filters=filters, groups=groups, blocks=blocks)
        build_model(config, np.random.default_rng(0)).save(model_file)
        reference = {}
        for name in FILE_NAMES:
            if missing_extra(name):
                continue
            network = importlib.import_module(f"dfcan_bmz.engines.{name}").load(export(name, model_file, Path(folder)))
            cells = []
            for size in SIZES_PX:
                taken = seconds(network, size)
                reference.setdefault(size, taken)
                cells.append(f"{taken:.2f} s ({taken / reference[size]:.2f})")
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
