"""What a command shows: bars in a terminal or a notebook, lines in a file, notes and warnings.

`quiet` is for warnings and errors alone, `verbose` for where an error arose as well.
"""

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dfcan_bmz.events import Events
from dfcan_bmz.quantities import row_text

if TYPE_CHECKING:
    from rich.progress import Progress
    from tqdm.notebook import tqdm_notebook

quiet = False
verbose = False


def choose(be_quiet: bool, be_verbose: bool) -> None:
    """Choose how much is said from now on; a quiet command prints nothing to stdout."""
    global quiet, verbose
    quiet, verbose = be_quiet, be_verbose
    if quiet:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (open until the process ends)


@contextmanager
def quiet_start() -> Iterator[None]:
    """Keep off the terminal what TensorFlow writes when it is imported: no setting of its own silences it."""
    if verbose:
        yield
        return
    sys.stderr.flush()
    terminal = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
        os.close(nowhere)


class Screen(Events):
    """Shows what work reports: progress and notes on stderr, results on stdout."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._widget: tqdm_notebook | None = None
        self._tell_line: Callable[[str], None] | None = None

    def begin(self, task: str, total: int | None = None, unit: str = "") -> None:
        """Show a bar on a terminal or in a notebook, and lines in a file."""
        from dfcan_bmz.log_lines import line_teller, place_of_lines

        self.done()
        if quiet:
            return
        if _in_notebook():
            self._widget = _notebook_bar(task, total, unit)
            return
        self._progress = _bar(task, total)
        file = place_of_lines() if unit else None if sys.stderr.isatty() else sys.stderr
        if file is not None:
            self._tell_line = line_teller(task, total, unit, file)

    def step(self, where: str = "", **figures: float) -> None:
        """Move the bar on; figures stand beside it."""
        told = "  ".join([where, *(f"{name} {value:.4g}" for name, value in figures.items())])
        if self._widget is not None:
            self._widget.set_postfix_str(told, refresh=False)
            self._widget.update()
        if self._progress is not None:
            self._progress.update(self._progress.task_ids[0], advance=1, told=told)
        if self._tell_line is not None and not figures:  # epochs have lines of their own
            self._tell_line(where)

    def done(self) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()
        if self._widget is not None:
            self._widget.close()
        self._progress = self._widget = self._tell_line = None

    def epoch(self, row: dict[str, float]) -> None:
        """Print an epoch's figures."""
        self.tell(row_text(row))

    def tell(self, line: str) -> None:
        """Print a line."""
        print(line, flush=True)

    def note(self, line: str) -> None:
        """Print a note, unless the command is to be quiet."""
        if not quiet:
            print(f"note: {line}", file=sys.stderr, flush=True)

    def warning(self, line: str) -> None:
        """Print a warning."""
        print(f"warning: {line}", file=sys.stderr, flush=True)


screen = Screen()  # what commands report to


def _in_notebook() -> bool:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return hasattr(shell, "kernel") and importlib.util.find_spec("ipywidgets") is not None


def _notebook_bar(task: str, total: int | None, unit: str) -> "tqdm_notebook":
    from tqdm.notebook import tqdm_notebook

    return tqdm_notebook(total=total, desc=task, unit=f" {unit or 'steps'}", leave=False)


def _bar(task: str, total: int | None) -> "Progress | None":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    screen = Console(stderr=True)
    if not screen.is_terminal:
        return None
    remaining = TimeRemainingColumn(elapsed_when_finished=True)
    columns = (TextColumn(task), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[told]}"), remaining)
    progress = Progress(*columns, transient=True, console=screen)
    progress.add_task("", total=total, told="")
    progress.start()
    return progress
