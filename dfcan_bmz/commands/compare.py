"""``dfcan-bmz compare``: several models on the same pairs."""

from pathlib import Path
from typing import Any

from dfcan_bmz.commands.evaluate import show
from dfcan_bmz.console import screen
from dfcan_bmz.report.files import compare


def run(models: list[Path], lr: Path, hr: Path, out: Path, **options: Any) -> None:
    report = compare(models, lr, hr, out, events=screen, **options)
    show(report, out, "metrics.csv, images.csv, comparison.png, report.html")
