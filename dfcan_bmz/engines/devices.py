"""The processors and accelerators of this machine."""

import importlib.util
import math
import os
import subprocess

from dfcan_bmz.backends import nvidia_is_here
from dfcan_bmz.engines import Network, engine_of

PIXELS_AT_ONCE = 2**18  # whose 256 channels, the widest layer of DFCAN, take 268 MB


def devices() -> list[str]:
    """Names of what Keras would run on, as ``gpu:0`` or ``cpu:0``."""
    import keras

    if keras.backend.backend() == "torch":  # for which Keras has no list
        import torch

        found = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        name = os.environ.get("KERAS_TORCH_DEVICE", found).split(":")[0]
        return [f"{name}:{index}" for index in range(torch.cuda.device_count() if name == "cuda" else 1)]
    return keras.distribution.list_devices()


def accelerators() -> list[str]:
    """Those of the devices that are no processors."""
    return [device for device in devices() if not device.startswith("cpu")]


def keras_has_gpu() -> bool:
    """Whether Keras is installed and runs on a card of NVIDIA's; without such a card Keras is not imported."""
    return nvidia_is_here() and importlib.util.find_spec("keras") is not None and bool(accelerators())


def accelerator_bytes() -> float:
    """Memory of the smallest of NVIDIA's cards in this machine, in use or not; infinite where it is not known."""
    try:
        command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout
        return min(float(line) for line in told.split()) * 2**20
    except (OSError, subprocess.SubprocessError, ValueError):
        return math.inf


def tiles_at_once(network: Network, tile: int) -> int:
    """How many tiles of this side a network is given at once: one on a processor, many on an accelerator."""
    if engine_of(network) == "onnx":
        from dfcan_bmz.engines import onnx

        accelerated = onnx.on_gpu()
    else:
        accelerated = engine_of(network) == "keras_v3" and bool(accelerators())
    return max(1, PIXELS_AT_ONCE // tile**2) if accelerated else 1
