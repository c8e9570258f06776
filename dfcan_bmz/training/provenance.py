"""Where a model comes from: versions, hardware, and checksums of the files that it saw."""

import datetime
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import dfcan_bmz
from dfcan_bmz.data.pairs import Pair
from dfcan_bmz.engines.devices import devices
from dfcan_bmz.files import sha256

PACKAGES = ("keras", "tensorflow", "torch", "jax", "numpy", "scipy", "scikit-image", "tifffile")


def provenance(training: list[Pair], validation: list[Pair]) -> dict[str, Any]:
    """Describe a training before it starts; paths of the machine stay out."""
    return {
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": {"dfcan_bmz": dfcan_bmz.__version__, "python": platform.python_version(), **_versions()},
        "backend": os.environ["KERAS_BACKEND"],
        "git_commit": _git_commit(),
        "hardware": {
            "machine": platform.machine(),
            "system": platform.system(),
            "cpus": os.cpu_count(),
            "devices": devices(),
        },
        "files": {"training": [_files(pair) for pair in training], "validation": [_files(pair) for pair in validation]},
    }


def _versions() -> dict[str, str]:
    installed = {}
    for package in PACKAGES:
        try:
            installed[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return installed


def _files(pair: Pair) -> dict[str, str]:
    return {"name": pair.name, "fov": pair.fov, "lr_sha256": sha256(pair.lr), "hr_sha256": sha256(pair.hr)}


def _git_commit() -> str | None:
    """Commit of the checkout that this package runs from; None where it is installed from a wheel."""
    package = Path(dfcan_bmz.__file__).parent
    try:
        # an installed copy may lie inside somebody else's repository: ours tracks this very file
        subprocess.run(
            ["git", "ls-files", "--error-unmatch", "__init__.py"], cwd=package, check=True, capture_output=True
        )
        answer = subprocess.run(["git", "rev-parse", "HEAD"], cwd=package, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()
