"""One table of runs and their evaluations: PSNR and SSIM by protocol, with parameters and seconds.

    python benchmarks/overview.py RUN [RUN ...]

Of each run folder, every evaluation in it (``evaluation/NAME``, or ``test`` of a sweep): its network, and the methods
without weights once for each set of images. Seconds are those of 512 x 512 px, in tiles, in the engine that `dfcan-bmz
predict` chooses here, the better of two after one to warm up.
"""

import sys
import time
from pathlib import Path

import numpy as np

from dfcan_bmz import run_folder
from dfcan_bmz.evaluation.means import read_means
from dfcan_bmz.evaluation.score import BASELINES
from dfcan_bmz.model import open_model
from dfcan_bmz.prediction.tiles import predict_unit

SIDE = 512
PROTOCOLS = ("raw", "min-max", "affine")


def main(*runs: str) -> None:
    """Print a Markdown table."""
    print(
        "| images | method | parameters | seconds | " + " | ".join(f"{name}: PSNR, SSIM" for name in PROTOCOLS) + " |"
    )
    print("|---|---|---|---|---|---|---|")
    known = set()
    for run in map(Path, runs):
        parameters, taken = f"{run_folder.read_provenance(run)['parameters']:,}", f"{seconds(run):.1f}"
        for folder in [*run_folder.evaluations(run), *run.glob("test")]:
            means = read_means(folder).values
            where = f"{run.name}, {folder.name}" if folder.parent.name == run_folder.EVALUATION else run.parent.name
            methods = list(dict.fromkeys(method for _, method, _ in means))
            for method in sorted(
                methods, key=lambda name: BASELINES.index(name) if name in BASELINES else len(BASELINES)
            ):
                size = ["", ""] if method in BASELINES else [parameters, taken]
                row = " | ".join([where, method, *size, *(cell(means, method, protocol) for protocol in PROTOCOLS)])
                if row not in known:
                    print(f"| {row} |", flush=True)
                known.add(row)


def seconds(run: Path) -> float:
    """Time of one prediction."""
    predictor, image = open_model(run), np.random.default_rng(0).uniform(size=(SIDE, SIDE)).astype(np.float32)
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        predict_unit(predictor, image)
        taken.append(time.perf_counter() - started)
    return min(taken[1:])


def cell(means: dict, method: str, protocol: str) -> str:
    """PSNR and SSIM, or nothing where the images have no such protocol."""
    if (protocol, method, "psnr") not in means:
        return ""
    return f"{means[protocol, method, 'psnr']:.2f}, {means[protocol, method, 'ssim']:.3f}"


if __name__ == "__main__":
    main(*sys.argv[1:])
