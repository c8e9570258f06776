"""NAFNet in the place of DFCAN, in the processor time of DFCAN's runs in benchmarks/attention.yaml, which has the data.

    python benchmarks/nafnet.py small/train small/test nafnet/actin train.learning_rate=0.003 data.patches_per_image=12
    python benchmarks/nafnet.py em/train em/test nafnet/em train.learning_rate=0.01 data.patches_per_image=55 \
        "data.validation=[iso.03854]" train.epochs=9
    python benchmarks/nafnet.py time

It trains, or goes on with what was stopped, and prints PSNR and SSIM of the test images (whole, after a fit of gain and
offset), and PSNR of raw intensities where `degrade` made the images. With `time`: the processor time of a training step
of DFCAN, of this network, and of a deeper one of as many parameters, measured in turn. A step takes about 1.2 times as
long as DFCAN's, hence 12 patches and not 14, and 55 and not 64.
"""

import os
import sys
import time
from pathlib import Path
from unittest import mock

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import yaml
from attention import read, scores
from keras import layers, ops

from dfcan_bmz import images, metrics, run_folder
from dfcan_bmz.config import Config, ModelConfig
from dfcan_bmz.data.pairs import find_pairs
from dfcan_bmz.engines.keras_v3 import load_model
from dfcan_bmz.models import build_model
from dfcan_bmz.models.parts import frames_input, interpolate, mean_frame
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.training import run as training
from dfcan_bmz.training.trainer import trainer_of

BASE = yaml.safe_load(Path(__file__).with_name("attention.yaml").read_text(encoding="utf-8"))["base"]
SIZES = SIZE, _ = (48, 5), (32, 10)  # filters and blocks
ROUNDS, STEPS = 6, 10


def nafnet(scale: int, inputs: int, filters: int, blocks: int, rng: np.random.Generator) -> keras.Model:
    """Chen et al. 2022, arXiv 2204.04676, at one resolution and with a pixel shuffle at its end (arXiv 2204.08714)."""

    def initial() -> keras.initializers.Initializer:
        return keras.initializers.VarianceScaling(seed=int(rng.integers(2**31)))

    def convolution(x, channels: int, size: int):
        return layers.Conv2D(channels, size, padding="same", kernel_initializer=initial())(x)

    def nearby(x):
        return layers.DepthwiseConv2D(3, padding="same", depthwise_initializer="glorot_uniform")(x)

    def added(x, y):  # gains begin at 0, each block as nothing
        gain = layers.DepthwiseConv2D(1, use_bias=False, depthwise_initializer="zeros")
        return x + gain(convolution(y, filters, 1))

    def block(x):
        y = layers.LayerNormalization(epsilon=1e-6)(x)
        y = nearby(convolution(y, filters, 1)) * nearby(convolution(y, filters, 1))  # the simple gate
        x = added(x, y * convolution(layers.GlobalAveragePooling2D(keepdims=True)(y), filters, 1))
        y = layers.LayerNormalization(epsilon=1e-6)(x)
        return added(x, convolution(y, filters, 1) * convolution(y, filters, 1))

    keras.utils.set_random_seed(int(rng.integers(2**31)))
    image = frames_input(inputs)
    x = convolution(image, filters, 3)
    for _ in range(blocks):
        x = block(x)
    x = ops.depth_to_space(convolution(x, scale**2, 3), scale)
    return keras.Model(image, mean_frame(interpolate(image, scale)) + x, name="nafnet")


def train(train_set: Path, out: Path, overrides: list[str]) -> None:
    """Train, or go on, with the settings of benchmarks/attention.yaml."""

    def build(config: ModelConfig, rng: np.random.Generator) -> keras.Model:
        return nafnet(config.scale, config.inputs, *SIZE, rng)

    with mock.patch.object(training, "build_model", build):
        folders, resume = (train_set / "lr", train_set / "hr"), (out / "history.csv").exists()
        training.train(*folders, BASE, out, overrides=overrides, resume=resume)


def raw_psnr(model: keras.Model, test: Path) -> float:
    """Mean PSNR of 8-bit images, predictions on the intensity scale of their LR images."""
    found = []
    for pair in find_pairs(test / "lr", test / "hr"):
        lr, hr = (images.read(path).pixels for path in (pair.lr, pair.hr))
        scaling = scaling_of(lr)
        predicted = np.clip(np.asarray(model(scaling.apply(lr)[None, ..., None])), 0, 1)[0, ..., 0]
        found.append(metrics.score(hr, scaling.undo(predicted), metrics.raw(255))["psnr"])
    return float(np.mean(found))


def step_ms() -> dict[str, list[float]]:
    """Processor time of a training step in milliseconds, by network, in turn."""
    rng, dfcan = np.random.default_rng(0), Config.model_validate(BASE | {"model": BASE["model"] | {"blocks": 2}})
    models = {"dfcan": build_model(dfcan.model, rng)} | {f"nafnet {size}": nafnet(2, 1, *size, rng) for size in SIZES}
    trainers = {name: trainer_of(model, dfcan) for name, model in models.items()}
    size, side = dfcan.train.batch_size, dfcan.data.patch_size
    batch = [rng.random((size, s * side, s * side, 1), "float32") for s in (1, 2)]
    times: dict[str, list[float]] = {f"{name}, {models[name].count_params():,} parameters": [] for name in models}
    for turn in range(ROUNDS + 1):
        for told, trainer in zip(times, trainers.values(), strict=True):
            started = time.process_time()
            for _ in range(STEPS):
                trainer.train_on_batch(*batch)
            if turn:  # the first one compiles
                times[told].append(1e3 * (time.process_time() - started) / STEPS)
    return times


if __name__ == "__main__":
    if sys.argv[1:] == ["time"]:
        for name, found in step_ms().items():
            print(f"{name}: {np.median(found):.0f} ms ({min(found):.0f} to {max(found):.0f})")
    else:
        train_set, test_set, run = map(Path, sys.argv[1:4])
        train(train_set, run, sys.argv[4:])
        trained = load_model(run_folder.weights(run))
        psnr, ssim = scores(trained, read(test_set))
        raw = (
            f", raw {raw_psnr(trained, test_set):.2f} dB" if run_folder.read_config(run).data.target == "input" else ""
        )
        print(f"{run}: {psnr:.2f} dB, {ssim:.4f} after the fit{raw}")
