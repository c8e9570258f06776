"""``train --overwrite``: an older run waits aside for the new one's first epoch, and comes back if there is none.

A kill may come at any moment, and these names tell what it left: what lies in a folder `ASIDE` is all of an older run;
what lies in a folder `MOVING` is some of it, and the rest is in the run folder.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dfcan_bmz import files, run_folder

ASIDE = ".replaced-"
MOVING = ".moving-"


@contextmanager
def replacing(out: Path) -> Iterator[None]:
    """Put an older run aside, and back again if the new one ends before its first epoch is over."""
    out.mkdir(parents=True, exist_ok=True)
    try:
        if older := [out / entry for entry in run_folder.ENTRIES if (out / entry).exists()]:
            moving = Path(tempfile.mkdtemp(dir=out, prefix=MOVING))
            for entry in older:
                entry.rename(moving / entry.name)
            _rename(moving, MOVING, ASIDE)
        yield
    finally:
        settle(out)


def settle(out: Path) -> bool:
    """Bring the older run back if the new one has no epoch, else delete it; whether it came back.

    It waits there after a kill, too: until its first epoch is over, a new run has nothing to lose.
    """
    back = False
    for moving in out.glob(f"{MOVING}*"):
        back = _move_back(moving)
    # the latest first: versions before this one did not bring back what a kill had left
    for aside in sorted(out.glob(f"{ASIDE}*"), key=lambda folder: -folder.stat().st_mtime):
        if run_folder.read_history(out) or not any(aside.iterdir()):
            files.remove(aside)
        else:
            for entry in run_folder.ENTRIES:
                files.remove(out / entry)
            back = _move_back(_rename(aside, ASIDE, MOVING))
    return back


def older_waits(out: Path) -> bool:
    """Whether an older run will come back if the new one ends now."""
    return not run_folder.read_history(out) and any(out.glob(f"{ASIDE}*"))


def _rename(folder: Path, before: str, after: str) -> Path:
    return folder.rename(folder.with_name(folder.name.replace(before, after)))


def _move_back(moving: Path) -> bool:
    # config.yaml stands first and comes back last: a folder without it is no run, and nobody goes on with half of one
    for entry in reversed(run_folder.ENTRIES):
        if (moving / entry).exists():
            (moving / entry).rename(moving.parent / entry)
    moving.rmdir()
    return True
