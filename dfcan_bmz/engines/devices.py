"""The processors and accelerators of this machine that Keras runs on."""

import keras

PIXELS_AT_ONCE = 2**18  # whose 256 channels, the widest layer of DFCAN, take 268 MB


def devices() -> list[str]:
    """Names of what Keras would run on, as ``gpu:0`` or ``cpu:0``."""
    if keras.backend.backend() == "torch":  # for which Keras has no list
        import torch

        accelerator = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else None
        count = torch.cuda.device_count() if accelerator == "cuda" else 1
        return [f"{accelerator or 'cpu'}:{index}" for index in range(count)]
    return keras.distribution.list_devices()


def accelerators() -> list[str]:
    """Those of the devices that are no processors."""
    return [device for device in devices() if not device.startswith("cpu")]


def tiles_at_once(tile: int) -> int:
    """How many tiles of this side the network is given at once: one on a processor, many on an accelerator."""
    return max(1, PIXELS_AT_ONCE // tile**2) if accelerators() else 1
