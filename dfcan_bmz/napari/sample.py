"""Sample data: simulated fields of view, made when they are asked for."""

from typing import Any

import numpy as np

from dfcan_bmz.simulation.fields import BIOSR, simulate_field

SIZE, SCALE, LEVEL = 128, 2, 1


def actin() -> list[tuple[np.ndarray, dict[str, Any], str]]:
    """Widefield image of actin filaments, and its target of twice the bandwidth."""
    return _field("actin")


def microtubules() -> list[tuple[np.ndarray, dict[str, Any], str]]:
    """Widefield image of microtubules, and its target of twice the bandwidth."""
    return _field("microtubules")


def _field(structure: str) -> list[tuple[np.ndarray, dict[str, Any], str]]:
    hr, lr = simulate_field(structure, SIZE, SCALE, levels=3, haze=0.0, rng=np.random.default_rng(0))
    pixel_um = BIOSR.pixel_nm / 1e3
    finer = {"scale": [pixel_um / SCALE] * 2, "translate": [-pixel_um * (1 - 1 / SCALE) / 2] * 2}
    shared = {"units": ["um", "um"], "colormap": "gray"}
    return [
        (hr, {"name": f"{structure}, target", "visible": False, **finer, **shared}, "image"),
        (lr[LEVEL], {"name": f"{structure}, widefield", "scale": [pixel_um] * 2, **shared}, "image"),
    ]
