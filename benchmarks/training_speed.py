"""A training step of full-size DFCAN: ours beside plain Keras and beside BiaPy's PyTorch module.

    python benchmarks/training_speed.py [CONTENDER ...] [--biapy FOLDER] [--batch 4] [--patch 128] [--steps 3]

Contenders: `ours` (as `dfcan-bmz train` compiles it), `ours-bf16` (train.precision=mixed_bfloat16), `keras` (the same
network under Keras' defaults), `ours-torch` and `ours-torch-bf16` (with KERAS_BACKEND=torch), `biapy`, whose wheel is
unpacked in FOLDER (`pip download --no-deps biapy==3.7.1`).
Each runs in a process of its own: the loss is MSE, the optimizer Adam. "Floor" is the time of the convolutions'
multiplications and additions, forward and backward, at the rate of large matrix products on this machine. Last comes
where the time goes under TensorFlow: a convolution of 64 channels and its two gradients, a spectrum with its gradient.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from biapy_peer import biapy_dfcan

SEED = 0
REPEATS = 8


def pair(batch: int, patch: int) -> tuple[np.ndarray, np.ndarray]:
    """Random LR and HR patches, (N, H, W, 1) and (N, 2H, 2W, 1)."""
    rng = np.random.default_rng(SEED)
    shapes = (batch, patch, patch, 1), (batch, 2 * patch, 2 * patch, 1)
    return tuple(rng.uniform(size=shape).astype(np.float32) for shape in shapes)


def keras_step(name: str, batch: int, patch: int) -> Callable[[], object]:
    """A step of our network, compiled by `dfcan-bmz train` or as Keras does by default."""
    import keras

    from dfcan_bmz import losses
    from dfcan_bmz.config import Config
    from dfcan_bmz.models import build_model
    from dfcan_bmz.training.devices import prepare_torch
    from dfcan_bmz.training.trainer import trainer_of

    precision = "mixed_bfloat16" if name.endswith("bf16") else "float32"
    prepare_torch()
    config = Config.model_validate({"train": {"loss": "mse", "batch_size": batch, "precision": precision}})
    model = build_model(config.model, np.random.default_rng(SEED))
    if name == "keras":
        model.compile(keras.optimizers.Adam(config.train.learning_rate), losses.mse)
    else:
        model = trainer_of(model, config)
    x, y = pair(batch, patch)
    return lambda: model.train_on_batch(x, y)


def biapy_step(folder: Path, batch: int, patch: int) -> Callable[[], object]:
    """A step of BiaPy's module."""
    import torch

    model = biapy_dfcan(folder, patch, 2)
    optimizer = torch.optim.Adam(model.parameters(), 5e-4)
    x, y = (torch.from_numpy(np.moveaxis(array, -1, 1).copy()) for array in pair(batch, patch))

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()

    return step


def measure(name: str, arguments: argparse.Namespace) -> None:
    """Print the first step, the best of the next ones, its processor time over all cores, and the peak of memory."""
    if name == "biapy":
        step = biapy_step(arguments.biapy, arguments.batch, arguments.patch)
    else:
        step = keras_step(name, arguments.batch, arguments.patch)
    seconds, processor = [], []
    for _ in range(arguments.steps + 1):
        started, started_processor = time.perf_counter(), time.process_time()
        step()
        seconds.append(time.perf_counter() - started)
        processor.append(time.process_time() - started_processor)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    cells = (f"{seconds[0]:.1f} s", f"{min(seconds[1:]):.2f} s", f"{min(processor[1:]):.2f} s", f"{peak:.1f} GiB")
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def floor(batch: int, patch: int) -> None:
    """Print the time of the bare multiplications and additions."""
    from dfcan_bmz.config import ModelConfig
    from dfcan_bmz.models import build_model
    from dfcan_bmz.training.estimate import BACKWARD, matrix_rate, operations_and_activations

    model = build_model(ModelConfig(), np.random.default_rng(SEED))
    operations = BACKWARD * batch * operations_and_activations(model, patch)[0]
    rate = matrix_rate()
    print(f"floor: {operations / 1e9:.0f} G operations at {rate / 1e9:.0f} G/s: {operations / rate:.2f} s a step")


def breakdown(batch: int, patch: int) -> None:
    """Print the time of each part of an attention block, by itself."""
    import tensorflow as tf

    from dfcan_bmz.config import ModelConfig
    from dfcan_bmz.models.dfcan import spectrum

    filters = ModelConfig().filters
    shape = (batch, patch, patch, filters)
    x, gradient = (tf.random.stateless_normal(shape, [SEED, i]) for i in range(2))
    kernel = tf.random.stateless_normal((3, 3, filters, filters), [SEED, 2])
    ones = [1, 1, 1, 1]

    def spectrum_and_gradient():
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = spectrum(x)
        return tape.gradient(y, x, gradient)

    def weight_gradient_of_products():
        """The same sums as products of large matrices: three rows of taps, three columns side by side in each."""
        padded = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
        beside = tf.concat([padded[:, :, column : column + patch] for column in range(3)], -1)
        taps = [tf.reshape(beside[:, row : row + patch], (-1, 3 * filters)) for row in range(3)]
        flat = tf.reshape(gradient, (-1, filters))
        return tf.stack([tf.matmul(tap, flat, transpose_a=True) for tap in taps])

    filter_gradient = {"filter_sizes": kernel.shape, "strides": ones, "padding": "SAME"}
    parts = {
        "convolution": lambda: tf.nn.conv2d(x, kernel, 1, "SAME"),
        "its gradient of the features": lambda: tf.nn.conv2d_transpose(gradient, kernel, shape, 1, "SAME"),
        "its gradient of the weights": lambda: tf.raw_ops.Conv2DBackpropFilter(
            input=x, out_backprop=gradient, **filter_gradient
        ),
        "the same as matrix products": weight_gradient_of_products,
        "spectrum and its gradient": spectrum_and_gradient,
    }
    for name, part in parts.items():
        compiled = tf.function(part)
        seconds = []
        for _ in range(REPEATS):
            started = time.perf_counter()
            compiled()
            seconds.append(time.perf_counter() - started)
        print(f"{name}: {min(seconds) * 1e3:.0f} ms")


def main() -> None:
    """Run each contender in a process of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("contenders", nargs="*", default=["ours", "keras"])
    parser.add_argument("--biapy", type=Path)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--patch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--alone", action="store_true")
    arguments = parser.parse_args()
    if arguments.alone:
        measure(arguments.contenders[0], arguments)
        return
    print("| contender | first step | best next step | its processor time | peak memory |", flush=True)
    print("|---|---|---|---|---|", flush=True)
    options = ["--batch", arguments.batch, "--patch", arguments.patch, "--steps", arguments.steps]
    options += ["--biapy", arguments.biapy] if arguments.biapy else []
    for name in arguments.contenders:
        environment = os.environ | ({"KERAS_BACKEND": "torch"} if "torch" in name else {})
        command = [sys.executable, __file__, "--alone", name, *map(str, options)]
        subprocess.run(command, check=True, env=environment)
    floor(arguments.batch, arguments.patch)
    if os.environ["KERAS_BACKEND"] == "tensorflow":
        breakdown(arguments.batch, arguments.patch)


if __name__ == "__main__":
    main()
