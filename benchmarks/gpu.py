"""DFCAN on a graphics card: training step, prediction, and a whole training, beside BiaPy's module on the same card.

    python benchmarks/gpu.py [--biapy FOLDER] [--backends torch jax tensorflow] [--train-minutes 2]

FOLDER holds BiaPy's unpacked wheel (``pip download --no-deps biapy==3.7.1``, then ``python -m zipfile -e biapy-*.whl
FOLDER``); without it the peer is left out, as is a backend that is not installed. Every contender runs in a process of
its own and its times are medians, taken after warm-up. All of it takes less than ten minutes.

Full-size DFCAN x2 (64 filters, 4 x 4 blocks), random images. "Floor" is the time of the convolutions' multiplications
and additions at the rate of a large matrix product in that precision: no program of these convolutions runs faster
without changing the arithmetic.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from biapy_peer import biapy_dfcan

SEED, PATCH, SCALE = 0, 128, 2
TRAINING_BATCH = 16
PREDICTION_BATCHES = 1, 4, 16, 64
PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
BACKWARD = 3  # a step has the operations of three forward passes
REPEATS = 12


def operations_per_pixel() -> float:
    """Multiplications and additions of all convolutions for a pixel of the low-resolution image."""
    attention = 4 * 4 * 3 * 64 * 64
    return 2 * 9 * (64 + attention + 64 * 64 * SCALE**2 + SCALE**2 * 64)


def images(batch: int, scale: int = 1) -> np.ndarray:
    """Random patches, (N, scale x 128, scale x 128, 1) float32."""
    side = scale * PATCH
    return np.random.default_rng(SEED).uniform(size=(batch, side, side, 1)).astype(np.float32)


def median_seconds(call: Callable[[], object]) -> float:
    """Median time of a call that ends when the card has finished, after two calls to warm up."""
    taken = []
    for _ in range(REPEATS + 2):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[2:])


def prediction_seconds(predict: Callable[[np.ndarray], np.ndarray]) -> dict[str, float]:
    """Seconds of a prediction for each number of tiles at once, from an array in memory to an array in memory."""
    return {f"predict {batch}": median_seconds(partial(predict, images(batch))) for batch in PREDICTION_BATCHES}


def ours(precision: str) -> dict[str, float]:
    """Seconds of a training step and of predictions in the backend that KERAS_BACKEND names."""
    import keras

    from dfcan_bmz.config import Config
    from dfcan_bmz.models import build_model
    from dfcan_bmz.training.trainer import trainer_of

    settings = {"loss": "mse", "batch_size": TRAINING_BATCH, "precision": PRECISIONS[precision]}
    config = Config.model_validate({"train": settings})
    keras.config.set_dtype_policy(PRECISIONS[precision])
    model = build_model(config.model, np.random.default_rng(SEED))
    predictions = prediction_seconds(lambda x: np.asarray(model.predict_on_batch(x)))
    keras.config.set_dtype_policy("float32")
    trainer = trainer_of(build_model(config.model, np.random.default_rng(SEED)), config)
    x, y = images(TRAINING_BATCH), images(TRAINING_BATCH, SCALE)
    return predictions | {"train": median_seconds(lambda: trainer.train_on_batch(x, y))}


def biapy(precision: str, folder: Path) -> dict[str, float]:
    """The same of BiaPy's module."""
    import torch

    model = biapy_dfcan(folder, PATCH, SCALE).cuda()
    optimizer = torch.optim.Adam(model.parameters(), 5e-4)
    cast = torch.autocast("cuda", torch.bfloat16, enabled=precision == "bfloat16")

    def channels_first(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.moveaxis(array, -1, 1).copy()).cuda()

    def predict(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode(), cast:
            return model(channels_first(x)).float().cpu().numpy()

    def step() -> float:
        optimizer.zero_grad()
        with cast:
            loss = torch.nn.functional.mse_loss(model(channels_first(x)), channels_first(y))
        loss.backward()
        optimizer.step()
        return loss.item()

    model.eval()
    seconds = prediction_seconds(predict)
    model.train()
    x, y = images(TRAINING_BATCH), images(TRAINING_BATCH, SCALE)
    return seconds | {"train": median_seconds(step)}


def ceilings() -> dict[str, float]:
    """Operations a second of large matrix products, bytes a second of a large copy (read and written)."""
    import torch

    def timed(call: Callable[[], object]) -> float:
        def finished() -> None:
            call()
            torch.cuda.synchronize()

        return median_seconds(finished)

    rates, size = {}, 8192
    for name, dtype, tf32 in (
        ("float32", torch.float32, False),
        ("TF32", torch.float32, True),
        ("bfloat16", torch.bfloat16, False),
    ):
        torch.backends.cuda.matmul.allow_tf32 = tf32
        a, b = (torch.randn(size, size, device="cuda").to(dtype) for _ in range(2))
        rates[name] = 2 * size**3 / timed(lambda a=a, b=b: a @ b)
    source = torch.randn(2**30, device="cuda")
    target = torch.empty_like(source)
    rates["copy"] = 8 * 2**30 / timed(lambda: target.copy_(source))
    rates["card"] = torch.cuda.get_device_name()
    return rates


def breakdown() -> dict[str, float]:
    """Share of the card's time that each kind of operation takes in a training step under PyTorch."""
    import torch
    from torch.profiler import ProfilerActivity, profile

    from dfcan_bmz.config import Config
    from dfcan_bmz.models import build_model
    from dfcan_bmz.training.trainer import trainer_of

    config = Config.model_validate({"train": {"loss": "mse", "batch_size": TRAINING_BATCH}})
    trainer = trainer_of(build_model(config.model, np.random.default_rng(SEED)), config)
    x, y = images(TRAINING_BATCH), images(TRAINING_BATCH, SCALE)
    for _ in range(3):
        trainer.train_on_batch(x, y)
    with profile(activities=[ProfilerActivity.CUDA, ProfilerActivity.CPU]) as record:
        trainer.train_on_batch(x, y)
        torch.cuda.synchronize()
    convolution = "conv", "cudnn", "cutlass", "implicit", "sm80", "sm90", "wgrad", "dgrad"
    kinds = {"convolution": convolution, "FFT": ("fft",)}
    kinds |= {"copy, transpose": ("copy", "cat", "flip", "transpose"), "sums": ("reduce",)}
    sums: dict[str, float] = {}
    for event in record.key_averages():
        taken = event.self_device_time_total
        if taken and event.device_type == torch.autograd.DeviceType.CUDA:
            name = event.key.lower()
            kind = next((kind for kind, words in kinds.items() if any(word in name for word in words)), "elementwise")
            sums[kind] = sums.get(kind, 0) + taken
    total = sum(sums.values())
    return {kind: part / total for kind, part in sorted(sums.items(), key=lambda item: -item[1])}


def whole_training(minutes: float) -> dict[str, float]:
    """Patches a second of `dfcan-bmz train` at full size on simulated pairs, as a user calls it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        program = [sys.executable, "-m", "dfcan_bmz"]
        sizes = ["--structure", "actin", "--pairs", "30", "--size", "256", "--scale", str(SCALE), "--levels", "2"]
        subprocess.run([*program, "simulate", folder / "set", *sizes], check=True, stdout=subprocess.DEVNULL)
        settings = {"train.minutes": minutes, "train.batch_size": TRAINING_BATCH, "data.patches_per_image": 16}
        settings |= {"train.epochs": 1000, "train.patience": 1000, "train.precision": "mixed_bfloat16"}
        command = [*program, "train", "--lr", folder / "set/lr", "--hr", folder / "set/hr", "--out", folder / "run"]
        command += [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - started
        with (folder / "run/history.csv").open() as file:
            history = list(csv.DictReader(file))
        patches = 54 * 16  # 27 of 30 fields at two light levels; the rest is validated on
        epochs = [float(row["seconds"]) for row in history[1:-1]]
        return {
            "patches a second": patches / statistics.median(epochs),
            "epochs": len(history),
            "whole command (s)": seconds,
            "validation PSNR after the first and the best epoch (dB)": [
                float(history[0]["val_psnr"]),
                max(float(row["val_psnr"]) for row in history),
            ],
        }


def alone(task: list[str], backend: str | None = None) -> dict | None:
    """Run a part of this file in a process of its own; None if it failed, which is printed."""
    environment = os.environ | ({"KERAS_BACKEND": backend} if backend else {})
    environment["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    answer = subprocess.run(
        [sys.executable, __file__, "--part", *task], capture_output=True, text=True, env=environment
    )
    if answer.returncode:
        print(f"{' '.join(task)} ({backend}) failed: {(answer.stderr.strip().splitlines() or ['?'])[-1]}", flush=True)
        return None
    return json.loads(answer.stdout.splitlines()[-1])


def part(name: str, *arguments: str) -> dict:
    """What `alone` runs."""
    if name == "biapy":
        return biapy(arguments[0], Path(arguments[1]))
    if name == "training":
        return whole_training(float(arguments[0]))
    return {"ours": ours, "ceilings": ceilings, "breakdown": breakdown}[name](*arguments)


def main(folder: Path | None, backends: list[str], minutes: float) -> None:
    """Print Markdown tables."""
    limits = alone(["ceilings"])
    if limits is None:
        sys.exit("no CUDA device that PyTorch sees: this benchmark needs a graphics card")
    rates = ", ".join(f"{name} {limits[name] / 1e12:.0f} T operations/s" for name in ("float32", "TF32", "bfloat16"))
    print(f"{limits['card']}: {rates}, copy {limits['copy'] / 1e12:.2f} TB/s\n")
    rows: dict[str, dict[str, float]] = {}
    for precision in PRECISIONS:
        for backend in backends:
            answer = alone(["ours", precision], backend)
            rows |= {f"dfcan_bmz, {backend}, {precision}": answer} if answer else {}
        if folder is not None:
            answer = alone(["biapy", precision, str(folder)])
            rows |= {f"BiaPy 3.7.1, {precision}": answer} if answer else {}
        floor = operations_per_pixel() * PATCH**2 / limits["TF32" if precision == "float32" else "bfloat16"]
        rows[f"floor, {'TF32' if precision == 'float32' else precision}"] = {
            "train": BACKWARD * TRAINING_BATCH * floor,
            **{f"predict {batch}": batch * floor for batch in PREDICTION_BATCHES},
        }
    heads = " | ".join(f"predict {batch} tile{'s' * (batch > 1)} (MP/s)" for batch in PREDICTION_BATCHES)
    print(f"| contender | step, {TRAINING_BATCH} x {PATCH} px (ms) | patches/s | {heads} |")
    print("|---" * (3 + len(PREDICTION_BATCHES)) + "|")
    for name, taken in rows.items():
        speeds = [batch * PATCH**2 / taken[f"predict {batch}"] / 1e6 for batch in PREDICTION_BATCHES]
        cells = [f"{1e3 * taken['train']:.1f}", f"{TRAINING_BATCH / taken['train']:.0f}", *(f"{v:.2f}" for v in speeds)]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    print("\nMP/s: millions of low-resolution pixels a second, transfer to and from the card included.")
    shares = alone(["breakdown"], "torch")
    if shares:
        print("A training step under PyTorch, share of the card's time: ", end="")
        print(", ".join(f"{kind} {share:.0%}" for kind, share in shares.items()), flush=True)
    for backend in backends if minutes else []:
        print(f"dfcan-bmz train, {backend}, bfloat16: {alone(['training', str(minutes)], backend)}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--part"]:
        print(json.dumps(part(*sys.argv[2:])))
        sys.exit()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--biapy", type=Path)
    parser.add_argument("--backends", nargs="+", default=["torch", "jax", "tensorflow"])
    parser.add_argument("--train-minutes", type=float, default=2.0)
    options = parser.parse_args()
    main(options.biapy, options.backends, options.train_minutes)
