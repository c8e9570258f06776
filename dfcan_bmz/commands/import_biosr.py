"""``dfcan-bmz import-biosr``: the BioSR data set to training pairs."""

from pathlib import Path

from dfcan_bmz.console import screen
from dfcan_bmz.errors import refuse_left_out
from dfcan_bmz.sets.biosr import import_biosr


def run(root: Path, out: Path, structures: list[str], levels: list[int], overwrite: bool, frames: str = "mean") -> None:
    found = import_biosr(root, out, structures, levels, frames, overwrite, screen)
    print(f"{out}: {found.pairs} pairs, x{found.scale}; train with --lr {out}/lr --hr {out}/hr")
    refuse_left_out(found.problems, found.pairs + len(found.problems), "pairs")
