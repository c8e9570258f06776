"""Kills at every place where something changes on the disk: in a forked child, before its n-th file operation."""

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
KILLED, FAILED = 9, 1


def killed_at(operation: int, below: Path, action: Callable[[], object]) -> bool:
    """Run `action` in a child that dies before its n-th file operation below a folder, counted from 0.

    Returns
    -------
    bool
        Whether it died; False if it ended before.
    """
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork, by which the kills are quick enough to try them all")
    child = os.fork()
    if not child:
        _die_at(operation, str(below))
        try:
            action()
        except BaseException:
            traceback.print_exc()
            os._exit(FAILED)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, KILLED), f"the child failed by itself: {code}"
    return code == KILLED


def _die_at(operation: int, below: str) -> None:
    os.fsync = lambda _: None  # which is slow, and helps against power cuts alone
    seen = []

    def hook(event: str, arguments: tuple) -> None:
        if event == "open":
            path, _, flags = arguments
            changes = isinstance(flags, int) and flags & WRITES
        else:
            path, changes = arguments[0] if arguments else None, event in CHANGES
        # what is removed in a folder that is open has a relative name
        if changes and isinstance(path, str | os.PathLike | bytes):
            name = os.fsdecode(path)
            if name.startswith(below) or not os.path.isabs(name):
                seen.append(event)
                if len(seen) > operation:
                    os._exit(KILLED)

    sys.addaudithook(hook)
