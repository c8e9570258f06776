"""``dfcan-bmz align``: registered pairs, in a set of their own."""

from pathlib import Path

import numpy as np
from rich.console import Console

from dfcan_bmz.console import screen
from dfcan_bmz.data.pairs import find_pairs
from dfcan_bmz.errors import refuse_left_out
from dfcan_bmz.report.moves import moves_table
from dfcan_bmz.sets.align import align

MOST_ROWS = 40


def run(source: Path, out: Path, affine: bool, overwrite: bool) -> None:
    moves, problems = align(source, out, affine, overwrite, screen)
    if len(moves) <= MOST_ROWS:
        Console().print(moves_table(moves))
    moved = [move.farthest_px for move in moves if move.moved]
    far = f", by {np.median(moved):.2f} HR px in the median and {max(moved):.2f} at most" if moved else ""
    print(f"{out}: {len(moved)} of {len(moves)} HR images moved{far}; align.csv lists each; {source} is unchanged")
    refuse_left_out(problems, len(find_pairs(source / "lr", source / "hr")), "pairs")
