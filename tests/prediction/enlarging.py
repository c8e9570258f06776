"""A predictor that other processes can load: it repeats pixels, weighted by their place in the tile."""

import os
from pathlib import Path

import numpy as np

from dfcan_bmz.model import Model, averaged


def position_dependent(batch):
    """Output depends on where in its tile a pixel lies, as attention and padding make it."""
    _, height, width, _ = batch.shape
    gain = np.linspace(0.5, 1, 2 * height)[:, None] * np.linspace(0.5, 1, 2 * width)
    return (batch.repeat(2, 1).repeat(2, 2) * gain[None, :, :, None]).astype(np.float32)


def load(blend: int = 2) -> Model:
    return Model("TEST", position_dependent, 2, 16, 4, "input", None, blend=blend, sha256="0123abcd")


def load_averaged() -> Model:
    return averaged(load())


def load_and_note(folder: str, immortal: int, killed_after: int) -> Model:
    """Like `load`, but each process notes its load, and the first to have done some tiles is killed.

    The process `immortal`, that of the test, never is.
    """
    notes, done = Path(folder), []
    with (notes / f"loads-{os.getpid()}").open("a") as file:
        file.write("load\n")

    def network(batch):
        done.append(1)
        if len(done) == killed_after and os.getpid() != immortal and _is_first(notes / "killed"):
            os._exit(9)
        return position_dependent(batch)

    return load()._replace(network=network)


def _is_first(file: Path) -> bool:
    try:
        file.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
