"""``dfcan-bmz import-biosr``: the BioSR data set to training pairs."""

from pathlib import Path
from typing import Any

from dfcan_bmz.console import screen
from dfcan_bmz.errors import refuse_left_out
from dfcan_bmz.sets.biosr import import_biosr


def run(root: Path, out: Path, structures: list[str] | None, levels: list[int] | None, **options: Any) -> None:
    found = import_biosr(root, out, structures or [], levels or [], events=screen, **options)
    train, *test = found.pairs
    for folder, pairs in found.pairs.items():
        print(f"{folder}: {pairs} pairs, x{found.scale}")
    print(f"train with --lr {train}/lr --hr {train}/hr")
    for folder in test:
        print(f"evaluate with --lr {folder}/lr --hr {folder}/hr")
    refuse_left_out(found.problems, sum(found.pairs.values()) + len(found.problems), "pairs")
