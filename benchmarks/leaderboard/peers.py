r"""Train networks of other packages on pairs, for as many minutes as one of ours: a row each for the leaderboard.

    pip install careamics==0.3.5
    python benchmarks/leaderboard/peers.py careamics-unet OUT.pt --lr LR --hr HR --minutes 10
    pip download --no-deps biapy==3.7.1 && python -m zipfile -e biapy-3.7.1-*.whl BIAPY
    python benchmarks/leaderboard/peers.py biapy-dfcan OUT.pt --lr LR --hr HR --minutes 10 --biapy BIAPY
    dfcan-bmz train --lr LR --hr HR --out OURS --set train.minutes=10 \
        --set data.patch_size=128 --set train.batch_size=16
    python benchmarks/leaderboard/leaderboard.py OUT.pt OURS

What is equal for all, ours too: the pairs; the minutes; the machine, if you run all on one; intensities, each image
scaled by its percentiles 0.1 and 99.9, targets clipped to 0..1; the patches, of 128 LR px and 16 at once if you do not
say otherwise, turned and mirrored at random; prediction in tiles as large as the patches. A tenth of the fields, by
which ours chooses its epoch, is theirs to train on. All else is as its authors have it; nothing was tuned:

- ``careamics-unet``: CAREamics (BSD-3-Clause) trains its U-Net by its configuration for CARE: two levels, 32 channels,
  batch normalisation, mean absolute error, Adam at a rate of 0.001 that falls on a plateau. The output of this network
  has the size of its input, so that LR images are enlarged bicubically before. Its own normalisation is off, and so is
  early stopping, which would leave minutes unused. Like CAREamics, this file takes the checkpoint that is best on the
  eight patches that it sets aside; if no epoch was completed, the last weights.
- ``biapy-dfcan``, ``biapy-rcan``: networks of BiaPy (MIT) of the size and with the linear output that its workflow for
  super-resolution gives them, trained as its template has it: mean absolute error, AdamW at a constant rate of 0.0001
  with a weight decay of 0.02. The loop is this file's: BiaPy's own needs much else.

They train on an NVIDIA card if there is one, and minutes are those of the clock then. Without one they are those of the
processor, of one thread with OMP_NUM_THREADS=1; give ours as many epochs as take as long. There, choose small patches:
``biapy-rcan`` takes 2.6 GB with ``--patch 64 --batch 4``, and what it keeps for a step grows with their pixels. OUT.pt
is TorchScript, (N, 128, 128, 1) to (N, 256, 256, 1) of about 0..1, and says how large its tiles are.
"""

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.nn.functional import interpolate, l1_loss

from dfcan_bmz.data.loading import loaded
from dfcan_bmz.data.pairs import find_pairs, open_pair
from dfcan_bmz.data.patches import random_patches
from dfcan_bmz.data.planes import Plane, prepare
from dfcan_bmz.errors import DfcanError

sys.path.insert(0, str(Path(__file__).parents[1]))
from biapy_peer import biapy_workflow_dfcan, biapy_workflow_rcan

PEERS = "careamics-unet", "biapy-dfcan", "biapy-rcan"
SCALE, SEED = 2, 1
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
clock = time.monotonic if DEVICE == "cuda" else time.process_time


class Budget(NamedTuple):
    """What each network may use: minutes, and patches of so many LR pixels a side, so many at once."""

    minutes: float
    patch: int
    batch: int


class Enlarged(torch.nn.Module):
    """A network whose output has the size of its input, after bicubic interpolation."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, lr: torch.Tensor) -> torch.Tensor:
        """(N, 1, Y, X) to (N, 1, 2 Y, 2 X)."""
        return self.network(enlarged(lr))


class ChannelsLast(torch.nn.Module):
    """A network as the leaderboard takes it."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, lr: torch.Tensor) -> torch.Tensor:
        """(N, Y, X, 1) to (N, 2 Y, 2 X, 1)."""
        return self.network(lr.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


def enlarged(lr: torch.Tensor) -> torch.Tensor:
    """(N, 1, Y, X) to (N, 1, 2 Y, 2 X)."""
    return interpolate(lr, scale_factor=SCALE, mode="bicubic")


def read_planes(lr: Path, hr: Path, patch: int) -> list[Plane]:
    """Normalised planes of all pairs, as `dfcan-bmz train` has them where the target is another instrument's."""
    planes = [plane for pair in find_pairs(lr, hr) for plane in prepare(*open_pair(pair, SCALE), "own")]
    smallest = min(min(plane.lr.shape) for plane in planes)
    if smallest < patch:
        raise DfcanError(f"{lr} has an image of {smallest} px: give images of at least {patch} px a side")
    return planes


def train_careamics(planes: list[Plane], budget: Budget) -> torch.nn.Module:
    """Let CAREamics train its U-Net on enlarged images."""
    from careamics import CAREamist
    from careamics.config.factories import create_advanced_care_config
    from careamics.lightning import load_module_from_checkpoint
    from lightning.pytorch.callbacks import LambdaCallback

    config = create_advanced_care_config(
        experiment_name="leaderboard",
        data_type="array",
        axes="YX",
        patch_size=[SCALE * budget.patch] * 2,
        batch_size=budget.batch,
        num_epochs=sys.maxsize,
        normalization="none",
        num_workers=-1 if DEVICE == "cuda" else 0,  # other processes would be on no clock
        early_stopping_params={"monitor": "val_loss", "mode": "min", "patience": sys.maxsize},
        seed=SEED,
    )
    inputs = [enlarged(torch.from_numpy(plane.lr[:])[None, None])[0, 0].numpy() for plane in planes]
    end = math.inf

    def begin(*_: object) -> None:
        nonlocal end
        end = clock() + 60 * budget.minutes

    def look(trainer: Any, *_: object) -> None:
        trainer.should_stop = clock() > end

    watch = LambdaCallback(on_train_start=begin, on_train_batch_end=look)
    with tempfile.TemporaryDirectory() as folder:
        careamist = CAREamist(config, work_dir=folder, enable_progress_bar=False, callbacks=[watch])
        careamist.train(train_data=inputs, train_data_target=[plane.hr[:] for plane in planes])
        best = careamist.trainer.checkpoint_callback.best_model_path
        module = load_module_from_checkpoint(Path(best)) if best else careamist.model
    trainer = careamist.trainer
    report(f"{trainer.current_epoch} epochs, {trainer.global_step} steps; weights: {Path(best).name or 'the last'}")
    return Enlarged(module.model)


def train_here(network: torch.nn.Module, planes: list[Plane], budget: Budget) -> torch.nn.Module:
    """Train a network of BiaPy's as its template for super-resolution has it."""
    network.to(DEVICE).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, weight_decay=0.02)
    begin, steps = clock(), 0
    for lr, hr in batches(planes, budget):
        loss = l1_loss(network(lr), hr)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        error, steps = loss.item(), steps + 1  # waits for the card, so that the clock tells what was done
        if steps % 100 == 0:
            report(f"step {steps}: mean absolute error {error:.4f}")
        if clock() - begin > 60 * budget.minutes:
            break
    report(f"{steps} steps, {steps * budget.batch / len(planes):.1f} patches of each image")
    return network


def batches(planes: list[Plane], budget: Budget) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Patches for ever, (N, 1, Y, X) and (N, 1, 2 Y, 2 X), as many of each image."""
    rng, per_image = np.random.default_rng(SEED), math.ceil(budget.batch / len(planes))
    while True:
        patches = random_patches(planes, per_image, budget.patch, ["hflip", "vflip", "rot90"], rng)
        whole = len(patches) // budget.batch * budget.batch  # patches of a smaller batch would count for more
        for pair in loaded(patches[:whole], budget.batch):
            yield tuple(torch.from_numpy(side).permute(0, 3, 1, 2).to(DEVICE) for side in pair)


def save(network: torch.nn.Module, out: Path, tile: int) -> None:
    """Write a network for the leaderboard, with the side of its tiles."""
    network = ChannelsLast(network).cpu().eval()
    with torch.no_grad():
        traced = torch.jit.trace(network, torch.rand(1, tile, tile, 1))
    torch.jit.save(traced, str(out), _extra_files={"tile": str(tile)})
    report(f"{sum(one.numel() for one in network.parameters()):,} parameters")


def report(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def main() -> None:
    """Train one network, and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("out", type=Path, metavar="OUT.pt")
    for name in ("--lr", "--hr"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--patch", type=int, default=128)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--biapy", type=Path, help="folder of the unpacked wheel")
    asked = parser.parse_args()
    torch.manual_seed(SEED)
    planes, budget = read_planes(asked.lr, asked.hr, asked.patch), Budget(asked.minutes, asked.patch, asked.batch)
    report(f"{asked.peer}: {len(planes)} pairs, {budget} on {DEVICE}")
    if asked.peer == "careamics-unet":
        network = train_careamics(planes, budget)
    elif asked.peer == "biapy-dfcan":
        network = train_here(biapy_workflow_dfcan(asked.biapy, asked.patch, SCALE), planes, budget)
    else:
        network = train_here(biapy_workflow_rcan(asked.biapy, SCALE), planes, budget)
    save(network, asked.out, asked.patch)


if __name__ == "__main__":
    main()
