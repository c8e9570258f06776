"""Progress as plain lines, for log files: at every tenth of the work, and every half minute."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from operator import length_hint
from typing import TextIO, TypeVar

Item = TypeVar("Item")

SHARES, EVERY_S = 10, 30.0  # lines at equal shares of the work, and no silence longer than that
SURE_S = 5.0  # before which a time left means nothing, and short work is not worth a line


def place_of_lines() -> TextIO | None:
    """Where lines go: to stdout or stderr, whichever is a file or a pipe; None where both are terminals."""
    return next((stream for stream in (sys.stdout, sys.stderr) if not stream.isatty()), None)


def line_teller(
    label: str, total: int, unit: str, file: TextIO, clock: Callable[[], float] = time.monotonic
) -> Callable[[str], None]:
    """What to call after each step of `total`; its argument says where the work is, "image 2 of 3", say.

    A line has the share that is done, the steps a second, and the time left as the steps so far had it, the first and
    slowest included.
    """
    total = max(1, total)
    begin = last = clock()
    done = 0

    def step(where: str = "") -> None:
        nonlocal done, last
        done, now = done + 1, clock()
        on_a_share = done * SHARES // total > (done - 1) * SHARES // total
        if done < total and (on_a_share or now - last >= EVERY_S):
            last = now
            place = f", {where}" if where else ""
            told = f"{label}: {100 * done // total} % ({done} of {total} {unit}{place})"
            if (seconds := now - begin) >= SURE_S:
                told += f", {done / seconds:.3g} {unit} a second, {duration(seconds / done * (total - done))} left"
            print(told, file=file, flush=True)

    return step


def lined(
    items: Iterable[Item], label: str, file: TextIO, clock: Callable[[], float] = time.monotonic
) -> Iterator[Item]:
    """Iterate, with a line at every share or half minute of work that takes long."""
    total, begin = length_hint(items), clock()
    last = begin
    for done, item in enumerate(items):
        now = clock()
        on_a_share = total and done * SHARES // total > (done - 1) * SHARES // total
        if done and now - begin >= SURE_S and (on_a_share or now - last >= EVERY_S):
            last = now
            print(f"{label}: {done} of {total}" if total else f"{label}: {done}", file=file, flush=True)
        yield item


def duration(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
