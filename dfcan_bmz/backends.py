"""Which of Keras' backends runs: chosen by the hardware and by what is installed, before anything imports Keras."""

import importlib.util
import os
import sys
from pathlib import Path

# what the drivers of NVIDIA's cards make on Linux, and within Windows' subsystem for it
DRIVERS = ("/dev/nvidiactl", "/dev/dxg")
JAX_ON_A_CARD = ("jax_cuda13_plugin", "jax_cuda12_plugin")


def nvidia_is_here() -> bool:
    """Whether there is a driver of NVIDIA's, and no setting that hides its cards; nothing is imported to tell."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return not hidden and any(Path(driver).exists() for driver in DRIVERS)


def fastest_backend() -> str:
    """Name of the backend that trains fastest here, of those that are installed; docs/training.md has the figures.

    PyTorch on a processor, JAX on a card of NVIDIA's, if it was installed for one.
    """
    order = ["tensorflow", "jax", "torch"]
    if not nvidia_is_here():
        order.insert(0, "torch")
    elif any(map(importlib.util.find_spec, JAX_ON_A_CARD)):
        order.insert(0, "jax")
    return next(filter(importlib.util.find_spec, order), "tensorflow")


def prepare() -> None:
    """Choose what the user has not, for this process and its children."""
    if "KERAS_BACKEND" not in os.environ:  # children find it there
        os.environ["KERAS_BACKEND"] = fastest_backend()
    if sys.platform == "darwin":  # nothing here was tried on the accelerator of Macs, which Keras would take
        os.environ.setdefault("KERAS_TORCH_DEVICE", "cpu")
