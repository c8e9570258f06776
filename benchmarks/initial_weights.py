"""What initial weights are worth: DFCAN from Keras' default and from ours, on the same batches.

    python benchmarks/initial_weights.py RESULTS.csv --lr LR_FOLDER --hr HR_FOLDER --validation NAME [--steps 400]

48 filters, 2 groups of 2 blocks, batches of four patches of 64 px, Adam at 5e-4 with gradients clipped to 0.1, loss
MSE + 0.05 (1 - SSIM). RESULTS.csv gets PSNR and SSIM of the validation image on normalised intensities every 100 steps.
"""

import argparse
import csv
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from collapse import start_as_keras_does

from dfcan_bmz import metrics
from dfcan_bmz.config import Config
from dfcan_bmz.data.pairs import find_pairs, open_pair, split
from dfcan_bmz.data.patches import batch, random_patches
from dfcan_bmz.data.planes import Plane, prepare
from dfcan_bmz.models import build_model
from dfcan_bmz.training.trainer import trainer_of

PATCH, SIZE, EVERY = 64, 4, 100
AUGMENT = ["hflip", "vflip", "rot90"]
SETTINGS = {
    "model": {"filters": 48, "groups": 2, "blocks": 2},
    "train": {"batch_size": SIZE, "learning_rate": 5e-4, "clip": 0.1, "ssim_weight": 0.05},
}


def planes(lr: Path, hr: Path, validation: str) -> tuple[list[Plane], list[Plane]]:
    """Training and validation planes, normalised; the target shares the input's intensities."""
    parts = split(find_pairs(lr, hr), [validation], np.random.default_rng(0))
    return tuple([plane for pair in part for plane in prepare(*open_pair(pair, 2), "input")] for part in parts)


def network(name: str, config: Config) -> keras.Model:
    """Fresh, from the initial weights of that name."""
    rng = np.random.default_rng(0)
    model = build_model(config.model, rng)
    if name == "keras":
        start_as_keras_does(model, rng)
    return model


def main() -> None:
    """Train from each and print what is reached."""
    parser = argparse.ArgumentParser()
    parser.add_argument("results", type=Path)
    parser.add_argument("--lr", type=Path, required=True)
    parser.add_argument("--hr", type=Path, required=True)
    parser.add_argument("--validation", required=True)
    parser.add_argument("--outputs", nargs="+", default=["linear", "sigmoid"])
    parser.add_argument("--steps", type=int, default=400)
    arguments = parser.parse_args()
    training, (held_out,) = planes(arguments.lr, arguments.hr, arguments.validation)
    truth = held_out.hr[:]
    with arguments.results.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines)
        writer.writerow(["output", "initial weights", "step", "psnr", "ssim"])
        for output in arguments.outputs:
            config = Config.model_validate(SETTINGS | {"model": SETTINGS["model"] | {"output": output}})
            for name in ("keras", "ours"):
                model = network(name, config)
                trainer = trainer_of(model, config)
                patches = random_patches(training, arguments.steps, PATCH, AUGMENT, np.random.default_rng(1))
                for step in range(1, arguments.steps + 1):
                    trainer.train_on_batch(*batch(patches[(step - 1) * SIZE : step * SIZE]))
                    if step % EVERY == 0:
                        predicted = model.predict_on_batch(held_out.lr[:][None, ..., None])[0, ..., 0]
                        scores = metrics.score(truth, predicted, metrics.raw(1.0))
                        row = [output, name, step, round(scores["psnr"], 3), round(scores["ssim"], 4)]
                        writer.writerow(row)
                        lines.flush()
                        print(*row, flush=True)
                keras.backend.clear_session()


if __name__ == "__main__":
    main()
