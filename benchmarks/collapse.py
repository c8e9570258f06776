"""Which trainings of DFCAN end in black images, and what prevents it: the settings of the thesis's Table 5.1, small.

    python benchmarks/collapse.py RESULTS.csv [--cures none linear ...] [--settings 7 8 9] [--seeds 5]

Sparse simulated actin, 16 filters, 2 groups of 2 blocks, patches of 32 px, 1,000 steps. Runs that RESULTS.csv holds are
not repeated. A training has collapsed if its predictions are flat: their standard deviation is below a tenth of the
targets'. The cure "ours-guard" begins again at half the rate, once, as `dfcan-bmz train` does when the output is flat
from the 500th step on; "published-loss" is no cure, but the authors' loss.
"""

import argparse
import csv
import os
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np

from dfcan_bmz import losses
from dfcan_bmz.config import ModelConfig
from dfcan_bmz.data.patches import Patch, batch, grid_patches, random_patches
from dfcan_bmz.data.planes import Plane
from dfcan_bmz.models import build_model
from dfcan_bmz.models.parts import interpolate
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.simulation.fields import simulate_field
from dfcan_bmz.simulation.structures import ACTIN
from dfcan_bmz.training.safeguards import FLAT, PATIENCE, SLOWER

# learning rate and batch size of Table 5.1's rows; rows 3 and 4 differ in their epochs alone
TABLE = [(3e-4, 8), (5e-4, 8), (1e-3, 8), (1e-3, 8), (1.5e-3, 8), (1e-3, 4), (1e-3, 1), (5e-3, 8), (7e-4, 1)]
STEPS, WARM_UP, PATCH = 1000, 100, 32
FIELDS, LEVELS, SIZE = 8, 2, 128
SPARSE = ACTIN._replace(per_um2=0.08)
EPOCH = 100  # steps between two looks at the output
COLUMNS = (
    "cure",
    "setting",
    "rate",
    "batch",
    "seed",
    "mean",
    "contrast",
    "val_mse",
    "val_loss",
    "collapsed",
    "seconds",
)


def planes() -> tuple[list[Plane], list[Plane]]:
    """Fields for training and, the last two, for validation; normalised."""
    fields = []
    for index in range(FIELDS):
        hr, lr = simulate_field("actin", SIZE, 2, LEVELS, 0.0, np.random.default_rng([0, index]), specimen=SPARSE)
        target = np.clip(scaling_of(hr).apply(hr), 0, 1)
        fields.append([Plane(scaling_of(image).apply(image), target) for image in lr])
    return [p for field in fields[:-2] for p in field], [p for field in fields[-2:] for p in field]


def network(cure: str, mean: float, rng: np.random.Generator) -> keras.Model:
    """The network as published, or with the cures that belong to it; "ours" is what `dfcan-bmz train` builds."""
    output = "linear" if cure in ("linear", "residual") or "ours" in cure else "sigmoid"
    model = build_model(ModelConfig(filters=16, groups=2, blocks=2, output=output), rng)
    if cure != "initial" and "ours" not in cure:
        start_as_keras_does(model, rng)
    if cure.startswith("bias"):
        model.get_layer("output").bias.assign([np.log(mean / (1 - mean))])
    if cure == "residual":
        image = model.inputs[0]
        return keras.Model(image, interpolate(image, 2) + model(image))
    return model


def start_as_keras_does(model: keras.Model, rng: np.random.Generator) -> None:
    """Draw the initial weights anew by Keras' default."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            initial = keras.initializers.GlorotUniform(seed=int(rng.integers(2**31)))
            layer.kernel.assign(initial(layer.kernel.shape))


def train(cure: str, setting: int, seed: int, training: list[Plane], held_out: tuple[np.ndarray, np.ndarray]) -> dict:
    """One training; a row of the results."""
    rate, size = TABLE[setting - 1]
    rng = np.random.default_rng(seed)
    mean = float(np.mean([plane.hr.mean() for plane in training]))
    model = network(cure, mean, rng)
    first = model.get_weights()
    start(model, rate, cure)
    started = time.perf_counter()
    patches: Sequence[Patch] = []
    step, begun_again = 0, False
    while step < STEPS:
        if len(patches) < size:
            patches = random_patches(training, 16, PATCH, ["hflip", "vflip", "rot90"], rng)
        if "warmup" in cure:
            model.optimizer.learning_rate = rate * min(1.0, (step + 1) / WARM_UP)
        model.train_on_batch(*batch(patches[:size]))
        patches, step = patches[size:], step + 1
        guarded = "guard" in cure and not begun_again and step >= PATIENCE and step % EPOCH == 0
        if guarded and contrast_of(model, held_out)[1] < FLAT:
            print(f"seed {seed}: flat at step {step}, begins again at half the rate", flush=True)
            model.set_weights(first)
            start(model, rate * SLOWER, cure)
            step, begun_again = 0, True
    seconds = time.perf_counter() - started
    predicted, contrast = contrast_of(model, held_out)
    y = held_out[1]
    return {
        "cure": cure,
        "setting": setting,
        "rate": rate,
        "batch": size,
        "seed": seed,
        "mean": round(float(predicted.mean()), 5),
        "contrast": round(contrast, 4),
        "val_mse": round(float(np.mean((y - predicted) ** 2)), 6),
        "val_loss": round(float(np.mean(losses.dfcan(y, predicted))), 6),
        "collapsed": int(not contrast >= FLAT),
        "seconds": round(seconds, 1),
    }


def start(model: keras.Model, rate: float, cure: str) -> None:
    """Compile with a fresh optimizer."""
    clip = 0.1 if "clip" in cure else None
    loss = losses.dfcan_published if "published-loss" in cure else losses.dfcan
    # XLA's convolutions are slower on a CPU
    model.compile(keras.optimizers.Adam(rate, global_clipnorm=clip), loss, jit_compile=False)


def contrast_of(model: keras.Model, held_out: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, float]:
    """Predictions of the validation patches, and their standard deviation over that of the targets."""
    x, y = held_out
    predicted = model.predict(x, batch_size=16, verbose=0)
    return predicted, float(predicted.std() / y.std())


def main() -> None:
    """Run what is missing; print each row."""
    parser = argparse.ArgumentParser()
    parser.add_argument("results", type=Path)
    parser.add_argument("--cures", nargs="+", default=["none"])
    parser.add_argument("--settings", nargs="+", type=int, default=list(range(1, 10)))
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    new = not arguments.results.is_file()
    with arguments.results.open("a+", newline="", encoding="utf-8") as lines:
        lines.seek(0)
        done = {(row["cure"], int(row["setting"]), int(row["seed"])) for row in csv.DictReader(lines)}
        writer = csv.DictWriter(lines, COLUMNS)
        if new:
            writer.writeheader()
        training, validation = planes()
        held_out = batch(grid_patches(validation, PATCH))
        print(
            "mean of targets", np.mean([p.hr.mean() for p in training]), "std", np.mean([p.hr.std() for p in training])
        )
        for cure in arguments.cures:
            for seed in range(arguments.seeds):
                for setting in arguments.settings:
                    if (cure, setting, seed) in done:
                        continue
                    row = train(cure, setting, seed, training, held_out)
                    keras.backend.clear_session()
                    writer.writerow(row)
                    lines.flush()
                    print(row, flush=True)


if __name__ == "__main__":
    main()
