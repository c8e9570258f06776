"""What several tests share: a tiny simulated set, a run folder trained on it, and the bundle made of that."""

import os
import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest

# the workers of pytest-xdist share the processors, and so do the programs that they start: threads beyond their number
# wait for each other. Here, because torch and TensorFlow read it when they are imported
THREADS = max(1, (os.cpu_count() or 1) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
os.environ |= {"OMP_NUM_THREADS": str(THREADS), "TF_NUM_INTRAOP_THREADS": str(THREADS)}

from dfcan_bmz.commands import simulate, train  # noqa: E402

# a busy machine is no bug, and what fails on one machine fails on all
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], derandomize=True
)
hypothesis.settings.load_profile("patient")
LONGEST = ("test_demo.py", "test_readme.py", "test_published_models.py", "test_notebook.py")
REPOSITORY = Path(__file__).parent.parent
TINY_TRAINING = [
    "model.filters=4",
    "model.groups=1",
    "model.blocks=1",
    "model.output=linear",
    "data.patch_size=16",
    "data.patches_per_image=80",
    "train.epochs=2",
    "train.batch_size=4",
    "train.learning_rate=5e-3",  # in 240 steps the output gets the range of its targets
]
TINY_RECIPE = """\
name: Tiny test model
description: A model of no use.
authors: [{name: A. Tester}]
license: MIT
cite: [{text: A paper, doi: 10.1038/s41592-020-01048-5}]
tags: [super-resolution, 2d, actin, fluorescence-light-microscopy]
documentation: For tests only.
tile: 32
training_data: Simulated.
nickname: tiny-tester
"""


@pytest.fixture(scope="session")
def pairs_folder(tmp_path_factory) -> Path:
    """4 fields x 2 levels of 40 px, scale 2: lr/, hr/, manifest.csv, dataset.yaml."""
    folder = tmp_path_factory.mktemp("pairs") / "set"
    simulate.run(folder, "actin", pairs=4, size=40, scale=2, levels=2, haze=0.0, seed=3, overwrite=False)
    return folder


@pytest.fixture(scope="session")
def tiny_run(pairs_folder, tmp_path_factory) -> Path:
    """A run folder after two epochs."""
    out = tmp_path_factory.mktemp("runs") / "tiny"
    train.run(pairs_folder / "lr", pairs_folder / "hr", out, None, TINY_TRAINING, resume=False, overwrite=False)
    return out


@pytest.fixture(scope="session")
def tiny_recipe(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "tiny.yaml"
    path.write_text(TINY_RECIPE, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny_bundle(tiny_run, tiny_recipe, tmp_path_factory) -> Path:
    """The bundle of `tiny_run`, made by the command line."""
    out = tmp_path_factory.mktemp("bundles") / "tiny.zip"
    answer = command_line("package", tiny_run, "--recipe", tiny_recipe, "--out", out)
    assert answer.returncode == 0, answer.stderr
    return out


@pytest.fixture(scope="session")
def companion_bundle(tiny_run, tmp_path_factory) -> Path:
    """The same-size companion of `tiny_bundle`, in the formats that ilastik and Fiji run."""
    folder = tmp_path_factory.mktemp("companion")
    (folder / "recipe.yaml").write_text(TINY_RECIPE + "input: enlarged\nformats: [keras_v3, torchscript, onnx]\n")
    answer = command_line("package", tiny_run, "--recipe", folder / "recipe.yaml", "--out", folder / "companion.zip")
    assert answer.returncode == 0, answer.stderr
    return folder / "companion.zip"


def command_line(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess:
    """Run ``dfcan-bmz`` as a user does."""
    command = [sys.executable, "-m", "dfcan_bmz", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=os.environ | {"COLUMNS": "200"})


def skip_engine(reason: str) -> None:
    """Skip a test whose engine is missing; under DFCAN_STRICT=1 that is a failure."""
    if os.environ.get("DFCAN_STRICT") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files of few long tests, so that at the end no worker waits for the last of them."""
    items.sort(key=lambda item: item.path.name not in LONGEST)
