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
    levels: int,
    frames: str = "mean",
    angles: int = 3,
    phases: int = 3,
    period_nm: float | None = None,
    modulation: float = 0.8,
    like: list[Path] | None = None,
    **options: Any,
) -> None:
    stripes = Illumination(angles, phases, period_nm, modulation) if frames == "raw" else None
    options |= {"pairs": pairs, "levels": levels, "like": like or [], "illumination": stripes, "events": screen}
    simulate(out, structure, **options)
    print(f"{out}: {pairs} fields x {levels} light levels; train with --lr {out}/lr --hr {out}/hr")
