"""An output under way, from its beginning to its end."""

import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.staging import journal, locks
from dfcan_bmz.staging.journal import MARKERS, NEW
from dfcan_bmz.staging.places import (
    INSIDE,
    WRITER,
    beside,
    missing_parents,
    refuse_existing,
    refuse_file,
    remove_empty,
    unwritable,
)

LOCK = "lock"


class Work(NamedTuple):
    """An output under way.

    Attributes
    ----------
    new : pathlib.Path
        Where to write it: a file, or a folder that is to be made.
    folder : pathlib.Path
        The hidden folder; what else is there is deleted with it.
    lock : int
        Descriptor of the locked file.
    who : dict
        What the marker says of the writer.
    made : list of pathlib.Path
        Parents of the output that were made for it, the outermost first.
    """

    new: Path
    folder: Path
    lock: int
    who: dict[str, Any]
    made: list[Path]


def begin(target: Path, command: str, overwrite: bool = False, fill: bool = False, keep: bool = False) -> Work:
    """Make ready to write an output, and finish or undo what a kill has left of an earlier one.

    Parameters
    ----------
    target : pathlib.Path
        The file or folder.
    command : str
        Who writes it, for the marker: ``"predict"``.
    overwrite : bool
        Whether an output that exists may be replaced; one that a kill of the same command left behind always may.
    fill : bool
        Whether the output is a folder that keeps what else is in it.
    keep : bool
        Whether what the same command had written to `Work.new` when it was killed is left there, to go on with.

    Raises
    ------
    DfcanError
        If the output exists and may not be replaced, cannot be written, or is being written by another process.
    """
    if fill:
        refuse_file(target)
    fill = fill and target.is_dir()
    folder, other = (target / INSIDE, beside(target)) if fill else (beside(target), None)
    if not folder.exists() and not (other and other.exists()):
        refuse_existing([target], overwrite)  # before anything is made
    made, just_placed = missing_parents(target), False
    try:
        if other and other.exists():  # a kill when the folder had just taken its place, or a process that goes on in it
            first, just_placed = _open(target, other, command, [], keep=False)
            end(first)
        work, unfinished = _open(target, folder, command, made, keep)
    except OSError as error:
        remove_empty(made)
        raise unwritable(target, error) from error
    try:
        refuse_existing([target], overwrite or unfinished or just_placed)
    except DfcanError:
        end(work)
        raise
    return work


def place(work: Work, away: Iterable[str] = ()) -> None:
    """Put what was written in its place, and what it replaces away: all of it or, after an error, nothing.

    Parameters
    ----------
    work : Work
        By `begin`.
    away : iterable of str
        Names in an output that is a folder, of what goes as a whole beside the files that are replaced; ``"."`` is the
        output itself.

    Raises
    ------
    OSError
        If something cannot be moved; all is as it was then.
    """
    within = work.new.relative_to(work.folder / NEW)
    moves = journal.plan(work.folder, [(within / name).as_posix() for name in away])
    journal.mark(work.folder, work.who, "placing", **moves)
    journal.settle(work.folder)
    journal.clear(work.folder, LOCK)


def discard(work: Work) -> None:
    """Delete what was written so far, to begin anew."""
    journal.clear(work.folder, LOCK)
    journal.mark(work.folder, work.who, "writing")
    (work.folder / NEW).mkdir(exist_ok=True)


def end(work: Work, keep: bool = False) -> None:
    """Let others write this output; what is not in its place by then is deleted, unless `keep`."""
    try:
        journal.settle(work.folder)
        if not keep:
            journal.clear(work.folder, LOCK)
            journal.forget(work.folder)
    except BaseException:
        locks.leave(work.folder / LOCK, work.lock, remove=False)
        raise
    locks.leave(work.folder / LOCK, work.lock, remove=not keep)
    if not keep:
        remove_empty([*work.made, work.folder])


def recover(target: Path, command: str, keep: bool = True) -> None:
    """Finish or undo what a kill has left of an output that is replaced as a whole.

    What was written so far stays, to go on with, if `keep`.

    Raises
    ------
    DfcanError
        If another process is writing `target` now, or it cannot be written.
    """
    if beside(target).exists():
        work = begin(target, command, overwrite=True, keep=keep)
        end(work, keep=keep and any((work.folder / NEW).iterdir()))


def _open(target: Path, folder: Path, command: str, made: list[Path], keep: bool) -> tuple[Work, bool]:
    """Lock a hidden folder and settle what a kill left there; whether an output there is what that had just placed."""
    found, seen = folder.exists(), journal.read(folder)
    if found:
        _refuse_others(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = locks.take(folder / LOCK)
    if lock is None:
        raise _busy(target, folder)
    # `new/` mirrors the folder that the hidden one lies in: the output itself, or the one around it
    within = Path(os.path.abspath(target)).relative_to(os.path.abspath(folder.parent))
    work = Work(folder / NEW / within, folder, lock, _who(command), made)
    try:
        before = journal.read(folder)
        same, state = before.get("command", command) == command, before.get("state")
        journal.settle(folder)
        if not (keep and same and state == "writing"):
            if found and not before:
                journal.mark(folder, work.who, "writing")  # an earlier version's is ours from now on
            journal.clear(folder, LOCK)
        journal.mark(folder, work.who, "writing")
        (folder / NEW).mkdir(exist_ok=True)
    except BaseException:
        locks.leave(folder / LOCK, lock, remove=False)
        raise
    ended_meanwhile = bool(seen) and not before
    return work, found and same and not ended_meanwhile and state not in ("writing", "returning")


def _who(command: str) -> dict[str, Any]:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return {"written_by": WRITER, "command": command, "pid": os.getpid(), "host": platform.node(), "since": since}


def _busy(target: Path, folder: Path) -> DfcanError:
    try:
        marker = journal.read(folder)
        who = f"`{WRITER} {marker['command']}` (process {marker['pid']} on {marker['host']}, since {marker['since']})"
    except (DfcanError, OSError, KeyError):
        who = f"another {WRITER}"  # which begins, or ends
    return DfcanError(f"{target} is being written by {who}: wait for it, or choose another place")


def _refuse_others(folder: Path) -> None:
    """Refuse a hidden folder that this package, of whatever version, did not make."""
    names = set(os.listdir(folder)) if folder.is_dir() else {folder.name}
    ours = journal.read(folder).get("written_by") == WRITER
    if not (ours or names <= {LOCK, *MARKERS} or "progress.json" in names):  # which earlier versions put there
        raise DfcanError(f"{folder} is in the way and was not written by {WRITER}: move it away")
