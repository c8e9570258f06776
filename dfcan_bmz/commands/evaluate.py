"""``dfcan-bmz evaluate``: a model against baselines on pairs of images."""

from pathlib import Path
from typing import Any

from rich.console import Console

from dfcan_bmz.console import screen
from dfcan_bmz.evaluation.evaluate import Report, refuse_nan
from dfcan_bmz.report.files import MAPS, evaluate
from dfcan_bmz.report.tables import comparison_lines, evaluation_table
from dfcan_bmz.run_folder import UNCERTAINTY


def run(model: Path, lr: Path, hr: Path, out: Path, **options: Any) -> None:
    report = evaluate(model, lr, hr, out, events=screen, **options)
    written = ["metrics.csv", "images.csv", "worst.png", MAPS, UNCERTAINTY, "report.html"]
    show(report, out, ", ".join(name for name in written if (out / name).is_file()))


def show(report: Report, out: Path, written: str) -> None:
    console = Console(highlight=False)
    for warning in report.warnings:
        screen.warning(warning)
    console.print(evaluation_table(report))
    for line in comparison_lines(report):
        console.print(line, soft_wrap=True, markup=False)
    for line in [f"{out}: {written}", *report.verdicts]:
        screen.tell(line)
    refuse_nan(report.measured, out)
