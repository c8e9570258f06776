"""``dfcan-bmz simulate``: pairs without a microscope."""

from pathlib import Path
from typing import Any

from dfcan_bmz.console import screen
from dfcan_bmz.sets.simulate import simulate
from dfcan_bmz.simulation.illumination import Illumination


def run(
    out: Path,
    structure: str | None,
    pairs: int,
    size: int,
    scale: int,
    levels: int,
    haze: float | None,
    seed: int,
    overwrite: bool,
    like: list[Path] | None = None,
    config: Path | None = None,
    illumination: Illumination | None = None,
    **given: Any,
) -> None:
    """Simulate a set, of raw frames under an `illumination`; `given` are values by the names of `Simulation`."""
    simulate(
        out,
        structure,
        pairs=pairs,
        size=size,
        scale=scale,
        levels=levels,
        settings=given if haze is None else {"haze": haze} | given,
        like=like or [],
        config=config,
        illumination=illumination,
        seed=seed,
        overwrite=overwrite,
        events=screen,
    )
    print(f"{out}: {pairs} fields x {levels} light levels; train with --lr {out}/lr --hr {out}/hr")
