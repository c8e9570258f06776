"""``dfcan-bmz sweep``: a run folder for each of several settings, a table and a figure."""

from pathlib import Path

from dfcan_bmz.console import screen
from dfcan_bmz.errors import UnfinishedError
from dfcan_bmz.report.sweep import markdown
from dfcan_bmz.training.sweep import read_sweep
from dfcan_bmz.training.sweep_runs import FAILURES, settings_of, train_all


def run(
    file: Path,
    lr: Path,
    hr: Path,
    out: Path,
    test_lr: Path | None,
    test_hr: Path | None,
    config: Path | None,
    settings: list[str] | None,
) -> None:
    sweep, test = read_sweep(file), (test_lr, test_hr) if test_lr and test_hr else None
    every = {run.name: settings_of(sweep, run, lr, config, settings or []) for run in sweep.all_runs()}
    rows, failures = train_all(sweep, every, (lr, hr), test, out, screen)
    screen.tell(markdown(rows))
    screen.tell(f"{out}: summary.csv, summary.md, summary.png")
    if failures:
        raise UnfinishedError(f"{', '.join(failures)} failed: {out / FAILURES} says why; remove it to try again")
