"""``dfcan-bmz inspect``: what is in folders of images or of pairs, and what is wrong with it."""

from pathlib import Path

from rich.console import Console

from dfcan_bmz.console import screen
from dfcan_bmz.errors import UnfinishedError
from dfcan_bmz.report.inspection import image_table, inspect, pair_table


def run(folders: list[Path], out: Path | None, overwrite: bool) -> None:
    found, console = inspect(folders, out, overwrite, screen), Console(highlight=False)
    console.print(image_table(found.surveys))
    if found.checks:
        console.print(pair_table(found.checks))
    for problem in found.problems:
        print(problem)
    if out is not None:
        print(f"{out}: images.csv, contact_sheet.png{', pairs.csv, pairs.png' if found.checks else ''}")
    if count := len(found.problems):
        told = f"{count} problem{'s' * (count > 1)} in {', '.join(map(str, folders))}"
        raise UnfinishedError(f"{told}: correct them, or leave files out")
