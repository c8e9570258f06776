"""What raw SIM frames gain over their mean: the same network, the same patches, the same number of steps.

    python benchmarks/frames.py simulated OUT
    DFCAN_DATA=FOLDER python benchmarks/frames.py real OUT

`simulated` trains and tests on simulated microtubules at three light levels. `real` has one field of microtubules
(`mt_widefield_sim` in DFCAN_DATA): 15 frames at two exposures, of which the left half is trained on, the next quarter
chooses the weights, and the last quarter is the test. OUT/comparison has the figures.
"""

import os
import sys
from pathlib import Path

import numpy as np

import dfcan_bmz
from dfcan_bmz import images
from dfcan_bmz.simulation.illumination import Illumination

NETWORK = [
    "model.filters=16",
    "model.groups=2",
    "model.blocks=2",
    "train.schedule=onecycle",
    "train.learning_rate=2e-3",
]
SIMULATED = ["data.patch_size=48", "data.patches_per_image=6", "train.epochs=25", "train.patience=25"]
REAL = ["data.patch_size=32", "data.patches_per_image=48", "train.epochs=40", "train.patience=40"]
PARTS = {"training": slice(0, 60), "validation": slice(60, 92), "test": slice(92, 124)}  # columns of LR pixels


def simulated(out: Path) -> tuple[Path, Path]:
    """Sets of raw frames: 12 fields to train on, 4 others to test on."""
    sets = out / "training", out / "test"
    for folder, pairs, seed in zip(sets, (12, 4), (0, 1), strict=True):
        dfcan_bmz.simulate(
            folder, "microtubules", pairs=pairs, size=96, levels=3, seed=seed, illumination=Illumination()
        )
    return sets


def real(out: Path) -> tuple[Path, Path]:
    """Columns of the real field as pairs of their own."""
    source = Path(os.environ["DFCAN_DATA"]) / "mt_widefield_sim"
    hr = images.read(source / "HR_SIM_HE.tif")
    sets = out / "training", out / "test"
    for part, columns in PARTS.items():
        folder = sets[part == "test"]
        for kind in ("lr", "hr"):
            (folder / kind).mkdir(parents=True, exist_ok=True)
        for exposure in ("HE", "LE"):
            lr = images.read(source / f"LR_raw15_{exposure}.tif")
            name = f"{part}_{exposure}.tif"
            images.write(folder / "lr" / name, lr.pixels[:, :, columns], "ZYX", lr.calibration)
            target = hr.pixels[:, 2 * columns.start : 2 * columns.stop]
            images.write(folder / "hr" / name, np.ascontiguousarray(target), "YX", hr.calibration)
    return sets


def main(which: str, out: Path) -> None:
    """Train on raw frames and on their mean, and compare both."""
    training, test = simulated(out) if which == "simulated" else real(out)
    settings = [*NETWORK, *(SIMULATED if which == "simulated" else REAL)]
    if which == "real":
        settings.append("data.validation=[validation_HE, validation_LE]")
    inputs = 9 if which == "simulated" else 15
    for name, own in (("raw", [f"model.inputs={inputs}"]), ("mean", ["model.inputs=1", "data.frames=mean"])):
        dfcan_bmz.train(training / "lr", training / "hr", out=out / name, overrides=[*settings, *own])
    dfcan_bmz.compare([out / "raw", out / "mean"], test / "lr", test / "hr", out / "comparison")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
