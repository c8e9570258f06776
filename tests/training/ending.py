"""A training that is killed at a step of our choosing, whatever the speed of the machine.

As a program: ``ending.py STEP ARGUMENT...`` runs ``dfcan-bmz ARGUMENT...`` and ends, without a word, as a kill does.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from dfcan_bmz.training import safeguards

KILLED = 9


def at_step(number: int, end: Callable[[], None]) -> Callable[[float, int], None]:
    """Stand-in for `safeguards.check_step`, called after each step: calls `end` in one step of the whole training."""
    check, done = safeguards.check_step, []

    def check_step(loss: float, step: int) -> None:
        done.append(step)
        if len(done) == number:
            end()
        check(loss, step)

    return check_step


def kill_at_step(number: int, pairs: Path, out: Path, *settings: str, flags: tuple[str, ...] = ()) -> None:
    """Train in a process of its own until a step of the whole training, counted from 1, in which it is killed."""
    chosen = [argument for setting in settings for argument in ("--set", setting)]
    arguments = ["train", "--lr", pairs / "lr", "--hr", pairs / "hr", "--out", out, *chosen, *flags]
    command = [sys.executable, __file__, number, *arguments]
    answer = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert answer.returncode == KILLED, answer.stderr


if __name__ == "__main__":
    from dfcan_bmz import cli

    safeguards.check_step = at_step(int(sys.argv.pop(1)), lambda: os._exit(KILLED))
    cli.main()
