"""The marker of an output under way, and the moves that it records: what makes many renames one step.

::

    ROOT/.NAME.partial/
      marker.json     whose it is, and its state
      new/            mirrors ROOT: what comes
      old/            mirrors ROOT: what goes

`state` is ``writing`` until all is written; ``placing`` while things move: whoever finds that moves the rest;
``returning`` while they move back, after an error; and ``clearing`` while all in the folder is deleted.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dfcan_bmz import files
from dfcan_bmz.errors import DfcanError

MARKER, NEW, OLD = "marker.json", "new", "old"
CLEARING = "clearing.json"  # the marker, renamed: where the disk is full, nothing more can be written
MARKERS = (f"{MARKER}.new", CLEARING)  # what a kill may leave beside a lock, and nothing else


def mark(folder: Path, who: dict[str, Any], state: str, **moves: list[str]) -> None:
    """Write the marker, so that it is the old one or the new one whenever a kill comes."""
    temporary = folder / f"{MARKER}.new"
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(who | {"state": state} | moves, file, indent=2)
        if moves.get("away"):  # a power cut must not leave what moves without the marker that records it
            file.flush()
            os.fsync(file.fileno())
    temporary.replace(folder / MARKER)
    forget(folder)


def read(folder: Path) -> dict[str, Any]:
    """The marker of a hidden folder; empty where there is none.

    Raises
    ------
    DfcanError
        If it is damaged, which no kill does.
    """
    for name, state in ((MARKER, {}), (CLEARING, {"state": "clearing"})):
        try:
            return json.loads((folder / name).read_text(encoding="utf-8")) | state
        except (FileNotFoundError, NotADirectoryError):
            continue
        except ValueError as error:
            raise DfcanError(f"{folder / name} is damaged: look at what is in {folder}, and move it away") from error
    return {}


def plan(folder: Path, away: list[str]) -> dict[str, list[str]]:
    """What has to move: `moves` from ``new/`` to the root, and `away` what lies there or is named by `away`."""
    root, new = folder.parent, folder / NEW
    there = [path for path in away if os.path.lexists(root / path)]
    moves = list(_moves(new, root, there))
    there += [path for path in moves if path not in there and os.path.lexists(root / path)]
    if moves == there and len(moves) == 1 and (new / moves[0]).is_file() and (root / moves[0]).is_file():
        there = []  # one file takes the place of another in one step
    return {"away": there, "moves": moves}


def settle(folder: Path) -> None:
    """Finish the moves that the marker records, or undo them where that cannot be; a kill may have come anywhere.

    Raises
    ------
    OSError
        If something cannot be moved; all is as it was then.
    """
    marker, root = read(folder), folder.parent
    state = marker.get("state")
    if state == "placing":
        try:
            _take_in(root, folder / OLD, marker["away"])
            _bring_out(folder / NEW, root, marker["moves"])
        except OSError:
            mark(folder, marker, "returning")
            settle(folder)
            raise
    elif state == "returning":
        _take_in(root, folder / NEW, marker["moves"][::-1])
        _bring_out(folder / OLD, root, marker["away"][::-1])
        mark(folder, marker, "writing")


def clear(folder: Path, lock: str) -> None:
    """Delete what is in a hidden folder, but for the marker and the lock.

    Before, it says so: a part of what was written must not be gone on with, nor a part of what was replaced come back.
    """
    if (folder / MARKER).exists():
        (folder / MARKER).replace(folder / CLEARING)
    for entry in sorted(folder.iterdir()):
        if entry.name not in (CLEARING, lock):
            files.remove(entry)


def forget(folder: Path) -> None:
    """Delete the marker of a folder in which there is nothing else."""
    (folder / CLEARING).unlink(missing_ok=True)


def _moves(new: Path, root: Path, away: list[str], below: str = "") -> Iterator[str]:
    """Paths to move, files first: folders whole where there is none, else what is in them."""
    for entry in sorted((new / below).iterdir(), key=lambda entry: (entry.is_dir(), entry.name)):
        path = f"{below}{entry.name}"
        if entry.is_dir() and (root / path).is_dir() and path not in away:
            yield from _moves(new, root, away, f"{path}/")
        else:
            yield path


def _take_in(root: Path, hidden: Path, paths: list[str]) -> None:
    for path in paths:
        if not os.path.lexists(hidden / path):  # else it was moved before a kill
            _move(root / path, hidden / path)


def _bring_out(hidden: Path, root: Path, paths: list[str]) -> None:
    for path in paths:
        if os.path.lexists(hidden / path):
            _move(hidden / path, root / path)


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
