"""The processors and accelerators of this machine that Keras runs on."""

import keras


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
