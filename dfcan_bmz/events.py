"""What long work reports while it runs; who calls it decides what becomes of that.

::

    class Loss(Events):
        def epoch(self, row):
            print(row["epoch"], row["val_loss"])

    dfcan_bmz.train(lr, hr, out="runs/actin", events=Loss())
"""

import warnings
from collections.abc import Iterable, Iterator
from operator import length_hint
from pathlib import Path
from typing import Any, TypeVar

Item = TypeVar("Item")


class Events:
    """Listens and shows nothing, but passes warnings on to Python's; override what you want to see."""

    def begin(self, task: str, total: int | None = None, unit: str = "") -> None:
        """Hear that work begins: what, and of how many steps in which unit."""

    def step(self, where: str = "", **figures: float) -> None:
        """Hear that a step is over; `where` the work is ("image 2 of 3"), and what it came to."""

    def done(self) -> None:
        """Hear that the work that began last is over."""

    def epoch(self, row: dict[str, float]) -> None:
        """Hear that an epoch of a training is saved: its row of ``history.csv``."""

    def tell(self, line: str) -> None:
        """Hear a sentence on what is done or found."""

    def note(self, line: str) -> None:
        """Hear what a user should know of the input, and need not act on."""

    def warning(self, line: str) -> None:
        """Hear what a user should act on."""
        warnings.warn(line, stacklevel=3)

    def each(self, items: Iterable[Item], task: str, total: int | None = None) -> Iterator[Item]:
        """Iterate, and report each item as a step; `total` is how many there are, where they cannot tell."""
        self.begin(task, total or length_hint(items) or None)
        try:
            for item in items:
                yield item
                self.step()
        finally:
            self.done()

    def notes_of(self, noted: Iterable[tuple[Path, str]]) -> None:
        """Report what the metadata of images could not tell: each note once, with the images that it is of."""
        names: dict[str, list[str]] = {}
        for path, note in noted:
            names.setdefault(note, []).append(path.name)
        for note, found in names.items():
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            self.note(f"{found[0]}{more}: {note}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the listener behind where work is sent to another process."""
        return Events, ()


SILENT = Events()
