"""Progress as plain lines, for log files: at every tenth of the work, and every half minute."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

from dfcan_bmz.quantities import duration

SHARES, EVERY_S = 10, 30.0  # lines at equal shares of the work, and no silence longer than that
SURE_S = 5.0  # before which a time left means nothing, and short work is not worth a line


def place_of_lines() -> TextIO | None:
    """Where lines go: to stdout or stderr, whichever is a file or a pipe; None where both are terminals."""
    return next((stream for stream in (sys.stdout, sys.stderr) if not stream.isatty()), None)


def line_teller(
    label: str, total: int | None, unit: str, file: TextIO, clock: Callable[[], float] = time.monotonic
) -> Callable[[str], None]:
    """What to call after each step of `total`; its argument says where the work is, "image 2 of 3", say.

    A line has the share that is done, the steps per second, and the time left as the steps so far had it, the first and
    slowest included. Work whose steps have no unit has shorter lines, and none in its first seconds.
    """
    begin = last = clock()
    done = 0

    def step(where: str = "") -> None:
        nonlocal done, last
        done, now = done + 1, clock()
        on_a_share = total and done * SHARES // total > (done - 1) * SHARES // total
        worth_it = unit or now - begin >= SURE_S
        if done != total and worth_it and (on_a_share or now - last >= EVERY_S):
            last = now
            print(_line(label, done, total, unit, where, now - begin), file=file, flush=True)

    return step


def _line(label: str, done: int, total: int | None, unit: str, where: str, seconds: float) -> str:
    if not unit or not total:
        return f"{label}: {done} of {total}" if total else f"{label}: {done}"
    place = f", {where}" if where else ""
    told = f"{label}: {100 * done // total} % ({done} of {total} {unit}{place})"
    if seconds < SURE_S:
        return told
    return told + f", {done / seconds:.3g} {unit} per second, {duration(seconds / done * (total - done))} left"
