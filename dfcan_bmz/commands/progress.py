"""Progress of long work: bars on stderr where somebody watches, lines where a file is written."""

import math
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn, track

from dfcan_bmz import console, images
from dfcan_bmz.commands.log_lines import line_teller, lined, place_of_lines
from dfcan_bmz.run_folder import Row, row_text

Item = TypeVar("Item")
OnStep = Callable[[int, int, int, dict[str, float]], None]
OnEpoch = Callable[[Row], None]


def watched(items: Iterable[Item], label: str) -> Iterable[Item]:
    """Iterate with a progress bar, or lines."""
    if console.quiet:
        return items
    screen = Console(stderr=True)
    if screen.is_terminal:
        return track(items, label, transient=True, console=screen)
    return lined(items, label, sys.stderr)


def tell_of_others(*folders: Path) -> None:
    """Name on stderr the files that may be images, but of a format that is not read here."""
    for path in (path for folder in folders for path in images.others(folder)):
        print(f"left out: {images.told_of_other(path)}", file=sys.stderr)


def tell_notes(noted: Iterable[tuple[Path, str]]) -> None:
    """Say on stderr what the metadata of images could not tell: each note once, with the images that it is of."""
    names: dict[str, list[str]] = {}
    for path, note in noted:
        names.setdefault(note, []).append(path.name)
    for note, found in names.items():
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        print(f"note: {found[0]}{more}: {note}", file=sys.stderr)


@contextmanager
def counted(label: str, total: int, unit: str) -> Iterator[Callable[[str], None]]:
    """Show the steps that are done of `total`, and the time left.

    Yields
    ------
    callable
        To be called after each step; its argument says where the work is: "image 2 of 3".
    """
    screen, file = Console(stderr=True), place_of_lines()
    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(elapsed_when_finished=True))
    disable = console.quiet or not screen.is_terminal
    tell_line = line_teller(label, total, unit, file) if file is not None and not console.quiet else None
    with Progress(*columns, transient=True, console=screen, disable=disable) as progress:
        bar = progress.add_task("", total=total)

        def step(where: str) -> None:
            progress.advance(bar)
            if tell_line is not None:
                tell_line(where)

        yield step


@contextmanager
def training_bar(done: int, epochs: int) -> Iterator[tuple[OnStep, OnEpoch]]:
    """Show the training's loss, PSNR and time left, and a line for each epoch on stdout.

    Parameters
    ----------
    done, epochs : int
        Epochs that are over, and epochs in all.

    Yields
    ------
    tuple of callable
        What `dfcan_bmz.training.fit.fit` calls at each step and at each epoch.
    """
    screen = Console(stderr=True)
    columns = (
        TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.5f}  PSNR {task.fields[psnr]:.2f} dB"),
        TimeRemainingColumn(),
    )
    disable = console.quiet or not screen.is_terminal
    with Progress(*columns, transient=True, console=screen, disable=disable) as progress:
        bar = progress.add_task("", total=None, epoch=done + 1, epochs=epochs, loss=math.nan, psnr=math.nan)

        def on_step(epoch: int, step: int, steps: int, logs: dict[str, float]) -> None:
            # the bar covers this session's steps, so that a resumed past does not mislead the time left
            steps_done = (epoch - done - 1) * steps + step
            progress.update(bar, total=(epochs - done) * steps, completed=steps_done, epoch=epoch, **_shown(logs))

        def on_epoch(row: Row) -> None:
            print(row_text(row), flush=True)

        yield on_step, on_epoch


def _shown(logs: dict[str, float]) -> dict[str, float]:
    return {"loss": logs["loss"], "psnr": logs["psnr"]}
