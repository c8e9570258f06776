"""A predictor that other processes can load: it repeats pixels, weighted by their place in the tile."""

import os
import time
from pathlib import Path

import numpy as np

from dfcan_bmz.prediction.tiles import Predictor


def position_dependent(batch):
    """Output depends on where in its tile a pixel lies, as attention and padding make it."""
    _, height, width, _ = batch.shape
    gain = np.linspace(0.5, 1, 2 * height)[:, None] * np.linspace(0.5, 1, 2 * width)
    return (batch.repeat(2, 1).repeat(2, 2) * gain[None, :, :, None]).astype(np.float32)


def load(blend: int = 2) -> Predictor:
    return Predictor("TEST", position_dependent, 2, 16, 4, "input", None, blend=blend, sha256="0123abcd")


def load_and_note(folder: str, seconds: float) -> Predictor:
    """Like `load`, but slow, and each load and each tile is noted by the process that does it."""
    with (Path(folder) / f"loads-{os.getpid()}").open("a") as file:
        file.write("load\n")

    def network(batch):
        with (Path(folder) / f"tiles-{os.getpid()}").open("a") as file:
            file.write("tile\n")
        time.sleep(seconds)
        return position_dependent(batch)

    return load()._replace(network=network)
