"""Seconds that the full DFCAN x2 takes in each engine, beside BiaPy's and beside the floor by operations, in one run.

    python benchmarks/speed.py [--baseline PYTHON] [--sizes 128 256 502] [--plot FILE.png]

PYTHON is an interpreter of an environment of its own with BiaPy's DFCAN, made by ``pip install torch numpy`` and
``pip install --no-deps biapy==3.7.1``, of which only that module is loaded; without it, BiaPy is left out. Random
weights, those of the attention ten times as large as usual; batch 1; every time is the best of several; bfloat16 is
left out where the processor multiplies it no faster. The floor is the multiplications of the network at the rate that a
3 x 3 x 64 x 64 convolution reaches in PyTorch on this machine, in the usual order of axes (N, C, H, W).

A breakdown by layer follows.
"""

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from dfcan_bmz.config import ModelConfig
from dfcan_bmz.engines import onnx
from dfcan_bmz.engines import torch as engine
from dfcan_bmz.engines.keras_v3 import callable_of
from dfcan_bmz.export.graph import read_graph
from dfcan_bmz.models import build_model

REPETITIONS = {128: 3, 256: 1, 502: 1}
ROUNDS = 2  # all engines in turn, so that a disturbance does not hit one of them only; above 400 px one round
BASELINE = """
import importlib.util, sys, time, types, numpy as np, torch
folder = importlib.util.find_spec("biapy").submodule_search_locations[0]
for name, place in (("biapy", folder), ("biapy.models", folder + "/models")):  # the module alone, not the package
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [place]
for name, part in (("stochastic_depth", "StochasticDepth"), ("misc", "Permute")):  # DFCAN uses neither
    sys.modules["torchvision.ops." + name] = types.ModuleType(name)
    setattr(sys.modules["torchvision.ops." + name], part, torch.nn.Module)
sys.modules["torchvision"] = sys.modules["torchvision.ops"] = types.ModuleType("torchvision")
from biapy.models.dfcan import DFCAN
for size, times in {repetitions}.items():
    network = DFCAN(2, (size, size, 1)).eval()
    image = torch.from_numpy(np.random.default_rng(0).uniform(size=(1, 1, size, size)).astype("float32"))
    with torch.inference_mode():
        best = 1e9
        for _ in range(times + 1):
            started = time.perf_counter(); network(image); best = min(best, time.perf_counter() - started)
    print(size, best, flush=True)
"""


def main(baseline: str | None, sizes: list[int], plot: str | None) -> None:
    """Print Markdown tables."""
    model = build_model(ModelConfig(), np.random.default_rng(0))
    for layer in model.layers:
        if getattr(layer, "kernel_size", None) == (1, 1):
            layer.kernel.assign(10 * layer.kernel)
    rows: dict[str, dict[int, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model.keras")
        graph = read_graph(Path(folder) / "model.keras")
    networks = {
        "Keras on TensorFlow": callable_of(model),
        "dfcan_bmz, onnxruntime": onnx.load_graph(graph),
        "dfcan_bmz, torch": engine.load_graph(graph),
    }
    if engine.bfloat16_is_faster():
        networks["dfcan_bmz, torch, bfloat16"] = engine.load_graph(graph, "bfloat16")
    outputs: dict[tuple[str, int], np.ndarray] = {}
    for turn in range(ROUNDS):
        repetitions = {size: REPETITIONS.get(size, 2) for size in sizes if size < 400 or turn == 0}
        if baseline and repetitions:
            code = BASELINE.replace("{repetitions}", repr(repetitions))
            answer = subprocess.run([baseline, "-c", code], capture_output=True, text=True, check=True)
            for size, taken in map(str.split, answer.stdout.splitlines()):
                keep_best(rows, "BiaPy 3.7.1 (PyTorch)", int(size), float(taken))
        for name, network in networks.items():
            for size, times in repetitions.items():
                image = np.random.default_rng(0).uniform(size=(1, size, size, 1)).astype(np.float32)
                taken, outputs[name, size] = best(lambda n=network, i=image: n(i), times)
                keep_best(rows, name, size, taken)
    rate = {name: convolution_rate(dtype) for name, dtype in engine.PRECISIONS.items()}
    floor = {size: operations(size) / rate["float32"] for size in sizes}
    print(f"DFCAN x2, 64 filters, 4 x 4 blocks, {torch.get_num_threads()} cores; floor: ", end="")
    print(", ".join(f"{operations(size) / 1e9:.1f} GFLOP {t:.2f} s" for size, t in floor.items()), end="")
    print(f", at {rate['float32'] / 1e9:.0f} GFLOP/s ({rate['bfloat16'] / 1e9:.0f} in bfloat16)\n")
    print("| engine | " + " | ".join(f"{size} px" for size in sizes) + " |")
    print("|---" * (len(sizes) + 1) + "|")
    for name, taken in rows.items():
        print(f"| {name} | " + " | ".join(f"{t:.2f} s ({t / floor[size]:.2f})" for size, t in taken.items()) + " |")
    for size in sizes:
        keras, translated, exact, *coarse = (outputs[name, size] for name in networks)
        print(f"\n{size} px: onnxruntime differs from Keras by {np.abs(translated - keras).max():.1e}", end="")
        print(f", torch by {np.abs(exact - keras).max():.1e}", end="")
        print(*(f", bfloat16 by {-10 * np.log10(np.mean((other - exact) ** 2)):.1f} dB" for other in coarse))
    breakdown({name: network for name, network in networks.items() if "torch" in name}, sizes[0])
    if plot:
        draw(rows, floor, plot)


def keep_best(rows: dict[str, dict[int, float]], name: str, size: int, taken: float) -> None:
    """Note a time if it is the shortest so far."""
    rows.setdefault(name, {})[size] = min(taken, rows.get(name, {}).get(size, taken))


def best(call: Callable[[], np.ndarray], times: int) -> tuple[float, np.ndarray]:
    """Shortest time of a call after one to warm up, and its result."""
    result = call()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        result = call()
        taken.append(time.perf_counter() - started)
    return min(taken), result


def operations(size: int) -> float:
    """Multiplications and additions of all convolutions."""
    per_pixel = 2 * 9 * (64 + 16 * 3 * 64 * 64 + 64 * 256 + 4 * 64)
    return per_pixel * size**2


@torch.inference_mode()
def convolution_rate(dtype: torch.dtype, size: int = 128) -> float:
    """Operations a second of one 3 x 3 x 64 x 64 convolution, axes in the usual order."""
    image, kernel = torch.rand(1, 64, size, size).to(dtype), torch.rand(64, 64, 3, 3).to(dtype)
    taken, _ = best(lambda: torch.conv2d(image, kernel, padding="same"), 20)
    return 2 * 9 * 64 * 64 * size**2 / taken


PARTS = {"convolution": "convolutions", "mm": "Fourier transforms", "gelu": "GELU", "pow": "magnitudes: power 0.4"}


def breakdown(networks: dict[str, Callable[[np.ndarray], np.ndarray]], size: int) -> None:
    """Share of each kind of layer."""
    from torch.profiler import profile

    image = np.random.default_rng(0).uniform(size=(1, size, size, 1)).astype(np.float32)
    print(f"\n| part, {size} px | {' | '.join(networks)} |\n|---" + "|---" * len(networks) + "|")
    shares = []
    for network in networks.values():
        with profile() as record:
            network(image)
        sums: dict[str, float] = {}
        for event in record.key_averages():
            kind = next((part for word, part in PARTS.items() if word in event.key), "all else")
            sums[kind] = sums.get(kind, 0) + event.self_cpu_time_total
        total = sum(sums.values())
        shares.append({kind: part / total for kind, part in sums.items()})
    for kind in [*PARTS.values(), "all else"]:
        print(f"| {kind} | " + " | ".join(f"{share.get(kind, 0):.0%}" for share in shares) + " |")


def draw(rows: dict[str, dict[int, float]], floor: dict[int, float], path: str) -> None:
    """Times by size, both logarithmic, with the floor."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for name, taken in rows.items():
        axes.plot(taken.keys(), taken.values(), "o-", label=name)
    axes.plot(floor.keys(), floor.values(), "k--", label="operations at the rate of a plain convolution")
    axes.set(xscale="log", yscale="log", xlabel="side of the LR image (px)", ylabel="time (s)")
    axes.set_xticks(list(floor), [str(size) for size in floor], minor=False)
    axes.minorticks_off()
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baseline")
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 256, 502])
    parser.add_argument("--plot")
    main(**vars(parser.parse_args()))
