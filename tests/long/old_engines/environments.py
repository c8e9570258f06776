"""The engines that Fiji and ilastik carry, each in an environment of its own: ``python environments.py`` makes them.

All come from PyPI and need an older Python, looked for on the path and among pyenv's versions. The environments stay in
``.engines`` beside the repository's ``.venv``, about 18 GB in all.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parents[3] / ".engines"


class Environment(NamedTuple):
    """A Python version, what to install in it, and the weight format that is run there."""

    python: str
    packages: list[str]
    weight_format: str


ENVIRONMENTS = {
    "tensorflow-2.7.4": Environment(
        "3.9", ["tensorflow-cpu==2.7.4", "numpy<1.24", "protobuf<3.21"], "tensorflow_saved_model_bundle"
    ),
    "tensorflow-2.10.1": Environment("3.10", ["tensorflow-cpu==2.10.1", "numpy<2"], "tensorflow_saved_model_bundle"),
    # what JDLL runs opset 14 in, and the newest that it has
    "onnxruntime-1.9.0": Environment("3.9", ["onnxruntime==1.9.0", "numpy<2"], "onnx"),
    "onnxruntime-1.13.1": Environment("3.10", ["onnxruntime==1.13.1", "numpy<2"], "onnx"),
    # the oldest that is promised, deepImageJ's, and one between that and today's
    "torch-1.13.1": Environment("3.10", ["torch==1.13.1", "numpy<2"], "torchscript"),
    "torch-2.0.0": Environment("3.10", ["torch==2.0.0", "numpy<2"], "torchscript"),
    "torch-2.7.1": Environment("3.11", ["torch==2.7.1", "numpy"], "torchscript"),
    # the loader of ilastik 1.4.2
    "ilastik-1.4.2": Environment(
        "3.11",
        ["bioimageio.core==0.10.2", "bioimageio.spec==0.5.9.1", "pydantic<2.14", "torch==2.13.0"],
        "torchscript",
    ),
}


def interpreter(name: str) -> Path:
    """Python of an environment, made or not."""
    return FOLDER / name / "bin" / "python"


def find_python(version: str) -> str | None:
    """A working Python of a minor version, or None."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(f"python{version}"), *sorted(map(str, pyenv.glob(f"{version}.*/bin/python")))]
    for candidate in filter(None, candidates):
        # a shim of pyenv answers to the name of a version that it does not have
        if subprocess.run([candidate, "-c", ""], capture_output=True).returncode == 0:
            return candidate
    return None


def make(name: str) -> str | None:
    """Make an environment; return why not, or None."""
    python = find_python(ENVIRONMENTS[name].python)
    if python is None:
        return f"{name}: no Python {ENVIRONMENTS[name].python} found: install it (pyenv install ...)"
    shutil.rmtree(FOLDER / name, ignore_errors=True)
    ready = FOLDER / f"{name}.ready"
    ready.unlink(missing_ok=True)
    if subprocess.run([python, "-m", "venv", FOLDER / name]).returncode:
        return f"{name}: {python} makes no virtual environment: install its venv module"
    pip = [interpreter(name), "-m", "pip", "install", "--quiet", *ENVIRONMENTS[name].packages]
    if subprocess.run(pip).returncode:
        return f"{name}: pip could not install {' '.join(ENVIRONMENTS[name].packages)}"
    ready.touch()
    return None


def is_ready(name: str) -> bool:
    """Whether an environment is complete."""
    return (FOLDER / f"{name}.ready").is_file()


def main() -> int:
    """Make the environments that are missing; 1 if one could not be made."""
    FOLDER.mkdir(exist_ok=True)
    problems = []
    for name in ENVIRONMENTS:
        if not is_ready(name):
            print(f"setting up {name}", flush=True)
            problems.append(make(name))
    failed = [problem for problem in problems if problem]
    for problem in failed:
        print(problem, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
