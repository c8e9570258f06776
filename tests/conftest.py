"""What several tests share: a tiny simulated set, a run folder trained on it, and the bundles made of that."""

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
# what others are compared with; tests/long has what users meet where this is not set
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from tiny import build as tiny  # noqa: E402

# a busy machine is no bug, and what fails on one machine fails on all
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], derandomize=True
)
hypothesis.settings.load_profile("patient")
# of each kind the files that take longest, in that order: so no worker waits at the end for the other's last file
LONGEST = ("test_readme_runs.py", "test_published_models.py", "test_notebook_runs.py", "test_demo.py", "test_fit.py")
REPOSITORY = Path(__file__).parent.parent
TINY_TRAINING, TINY_RECIPE = tiny.TRAINING, tiny.RECIPE


@pytest.fixture(scope="session")
def _tiny(tmp_path_factory) -> Path:
    """What tests/tiny keeps: it is unpacked, not made."""
    folder = tmp_path_factory.mktemp("tiny")
    tiny.unpack(folder)
    return folder


@pytest.fixture(scope="session")
def pairs_folder(_tiny) -> Path:
    """4 fields x 2 levels of 40 px, scale 2: lr/, hr/, manifest.csv, dataset.yaml."""
    return _tiny / "pairs"


@pytest.fixture(scope="session")
def tiny_run(_tiny) -> Path:
    """A run folder after two epochs on `pairs_folder`."""
    return _tiny / "tiny"


@pytest.fixture(scope="session")
def tiny_recipe(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "tiny.yaml"
    path.write_text(TINY_RECIPE, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny_bundle(_tiny) -> Path:
    """The bundle of `tiny_run`."""
    return _tiny / "tiny.zip"


@pytest.fixture(scope="session")
def companion_bundle(_tiny) -> Path:
    """The same-size companion of `tiny_bundle` for prepared images, in the formats that ilastik and Fiji run."""
    return _tiny / "companion.zip"


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
    """Begin with the longest files."""
    order = {name: index for index, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))
