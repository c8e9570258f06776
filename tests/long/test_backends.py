"""Training on Keras' other backends, in processes of their own, and on several devices."""

import csv
import importlib.util
import os
import subprocess
import sys

import pytest
from conftest import REPOSITORY, TINY_TRAINING, skip_engine

PROGRAM = """\
import sys
from pathlib import Path
from dfcan_bmz.commands import train
pairs, out, *settings = sys.argv[1:]
arguments = (Path(pairs) / "lr", Path(pairs) / "hr")
for count in {devices}:
    folder = Path(out) / str(count)
    again = [*settings, f"train.devices={{count}}"]
    for epochs in {epochs}:
        train.run(*arguments, folder, None, [*again, f"train.epochs={{epochs}}"], resume=epochs > 1, overwrite=False)
"""


def losses(file):
    with file.open(newline="") as lines:
        return [float(row["val_loss"]) for row in csv.DictReader(lines)]


def train_on(backend, pairs, out, devices, *more, epochs=(1, 2)):
    if importlib.util.find_spec(backend) is None:
        skip_engine(f"training on {backend} needs the extra {backend}")
    environment = os.environ | {"KERAS_BACKEND": backend, "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    settings = [*TINY_TRAINING, "train.ema=0.9", "data.patches_per_image=5", *more]
    command = [sys.executable, "-c", PROGRAM.format(devices=devices, epochs=epochs), pairs, out, *settings]
    answer = subprocess.run([str(word) for word in command], env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr[-2000:]


def test_torch_which_users_train_with_keeps_all_promises_of_a_training():
    if importlib.util.find_spec("torch") is None:
        skip_engine("training on torch needs the extra torch")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        REPOSITORY / "tests/training/test_fit.py",
    ]
    answer = subprocess.run(command, env=os.environ | {"KERAS_BACKEND": "torch"}, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout[-4000:]


def test_jax_trains_on_one_device_and_on_two_with_the_same_result(pairs_folder, tmp_path):
    train_on("jax", pairs_folder, tmp_path, [1, 2])
    one, two = losses(tmp_path / "1/history.csv"), losses(tmp_path / "2/history.csv")
    assert one[1] < one[0]
    assert two == pytest.approx(one, rel=1e-3)


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_a_discriminator_learns_beside_the_network_on_every_backend(backend, pairs_folder, tmp_path):
    train_on(backend, pairs_folder, tmp_path, [1], "train.adversarial=0.1", "train.discriminator=2")
    history = losses(tmp_path / "1/history.csv")
    assert len(history) == 2
    assert history[1] < history[0]


def test_a_training_goes_on_under_another_backend(pairs_folder, tmp_path):
    """The state holds weights and optimizer alike, whatever has computed them."""
    for epoch, backend in enumerate(("tensorflow", "torch", "tensorflow"), 1):
        train_on(backend, pairs_folder, tmp_path, [1], epochs=(epoch,))
    history = losses(tmp_path / "1/history.csv")
    assert len(history) == 3
    assert history[2] < history[1] < history[0]
