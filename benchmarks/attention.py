"""The table of docs/how-dfcan-works.md: what the attention is worth, from the runs of benchmarks/attention.yaml.

    python benchmarks/attention.py TEST_SET SWEEP

For each kind of attention: parameters, processor time of a training step, PSNR and SSIM of the test images (whole,
after a fit of gain and offset; mean of the seeds, lowest and highest), over what range the channel weights lie, how far
one moves from image to image at most, and what the PSNR loses where each is fixed at its mean.
"""

import sys
import time
from collections import defaultdict
from pathlib import Path

import keras
import numpy as np

from dfcan_bmz import images, metrics, run_folder
from dfcan_bmz.config import Config
from dfcan_bmz.data.pairs import find_pairs
from dfcan_bmz.engines.keras_v3 import load_model
from dfcan_bmz.models import build_model
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.training.trainer import trainer_of

STEPS = 30
Images = list[tuple[np.ndarray, np.ndarray]]


def read(test: Path) -> Images:
    """LR images, normalised, (1, Y, X, 1), and HR images, (sY, sX)."""
    found = []
    for pair in find_pairs(test / "lr", test / "hr"):
        lr, hr = (next(iter(images.read(path).planes)) for path in (pair.lr, pair.hr))
        found.append((scaling_of(lr).apply(lr)[None, ..., None], hr))
    return found


def scores(model: keras.Model, tests: Images) -> np.ndarray:
    """Mean PSNR and SSIM."""
    found = [metrics.score(hr, np.asarray(model(lr))[0, ..., 0], metrics.affine) for lr, hr in tests]
    return np.mean([(one["psnr"], one["ssim"]) for one in found], axis=0)


def excitations(model: keras.Model) -> list[keras.layers.Conv2D]:
    """The layers whose sigmoid weights the channels."""
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D) and layer.kernel_size == (1, 1)][
        1::2
    ]


def channel_weights(model: keras.Model, tests: Images) -> np.ndarray:
    """(images, blocks, C)."""
    weights = keras.Model(model.inputs, [layer.output for layer in excitations(model)])
    return np.array([[np.asarray(block).ravel() for block in weights(lr)] for lr, _ in tests])


def fix(model: keras.Model, weights: np.ndarray) -> None:
    """Let the channels have these weights, (blocks, C), whatever the image."""
    for layer, block in zip(excitations(model), weights, strict=True):
        layer.kernel.assign(np.zeros(layer.kernel.shape))
        layer.bias.assign(np.log(block / (1 - block)))


def step_ms(config: Config) -> float:
    """Processor time of a training step, in milliseconds."""
    trainer = trainer_of(build_model(config.model, np.random.default_rng(0)), config)
    size, side = config.train.batch_size, config.data.patch_size
    batch = [np.random.default_rng(0).random((size, s * side, s * side, 1), "float32") for s in (1, config.model.scale)]
    for _ in range(3):
        trainer.train_on_batch(*batch)
    started = time.process_time()
    for _ in range(STEPS):
        trainer.train_on_batch(*batch)
    return 1e3 * (time.process_time() - started) / STEPS


def row(name: str, runs: list[Path], tests: Images) -> str:
    """A line of the table."""
    config = run_folder.read_config(runs[0])
    reached, moves, losses, spans = [], [], [], []
    for run in runs:
        model = load_model(run_folder.weights(run))
        reached.append(scores(model, tests))
        if not excitations(model):
            continue
        weights = channel_weights(model, tests)
        spans += [weights.min(), weights.max()]
        moves.append(np.ptp(weights, axis=0).max())
        fix(model, weights.mean(axis=0))
        losses.append(reached[-1][0] - scores(model, tests)[0])
    psnr, ssim = np.transpose(reached)
    told = [
        f"{model.count_params():,}",
        f"{step_ms(config):.0f}",
        f"{psnr.mean():.2f} ({psnr.min():.2f} to {psnr.max():.2f})",
        f"{ssim.mean():.4f} ({ssim.min():.4f} to {ssim.max():.4f})",
        f"{min(spans):.2f} to {max(spans):.2f}" if spans else "",
        f"{max(moves):.3f}" if moves else "",
        f"{np.mean(losses):.3f}" if losses else "",
    ]
    return f"| {name} | {len(runs)} | " + " | ".join(told) + " |"


def main(test: Path, sweep: Path) -> None:
    """Print the table."""
    tests, kinds = read(test), defaultdict(list)
    for run in sorted(sweep.glob("*-?")):
        if not (run / "wanted.yaml").exists():  # of a training that is not over
            kinds[run.name[:-2]].append(run)
    print("| attention | seeds | parameters | ms a step | PSNR | SSIM | weights | largest move | fixed: PSNR lost |")
    print("|---" * 9 + "|")
    for name, runs in kinds.items():
        print(row(name, runs, tests), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
