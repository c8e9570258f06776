"""Where an output lies while it is under way, and what stands in its place."""

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.staging import journal

WRITER = "dfcan-bmz"
INSIDE = ".partial"  # which is `beside` nothing


def beside(target: Path) -> Path:
    """The hidden folder of an output that is no folder yet, or is replaced as a whole."""
    target = Path(os.path.abspath(target))
    return target.parent / f".{target.name}.partial"


def just_placed(target: Path, command: str | None = None) -> bool:
    """Whether a process, of this command if one is given, was killed when its output took its place, or right after."""
    for folder in filter(Path.is_dir, (beside(target), target / INSIDE)):
        marker = journal.read(folder)  # which goes last but for the lock
        same = command in (None, marker.get("command", command))
        if same and marker.get("state") in ("placing", "clearing", None):
            return True
    return False


def refuse_existing(paths: Iterable[Path], overwrite: bool, advice: str = "or pass --overwrite") -> None:
    """Refuse outputs that exist already; `advice` is what to do beside choosing another place.

    Raises
    ------
    DfcanError
        If `overwrite` is false and one of `paths` exists (an empty folder counts as absent, and so does what a killed
        command had just put there).
    """
    if overwrite:
        return
    for path in paths:
        exists = path.is_file() or (path.is_dir() and any(entry.name != INSIDE for entry in path.iterdir()))
        if exists and not just_placed(path):
            raise DfcanError(f"{path} exists already: choose another place, {advice}")


def refuse_unwritable(folder: Path) -> None:
    """Raise DfcanError if nothing can be written into a folder, which need not exist; all is as it was then."""
    refuse_file(folder)
    made = [*missing_parents(folder), *([] if folder.exists() else [folder])]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=f".{WRITER}-"):
            pass
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        remove_empty(made)


def refuse_file(folder: Path) -> None:
    """Raise DfcanError if a file stands where a folder is to be written."""
    if folder.is_file():
        raise DfcanError(f"{folder} is a file, but a folder is to be written there: choose another --out")


def unwritable(target: Path, error: OSError) -> DfcanError:
    """What to say of an output that the system does not let us write."""
    return DfcanError(f"{target} cannot be written ({error.strerror}): choose another place, or make room for it")


def missing_parents(target: Path) -> list[Path]:
    """Folders that are to be made for an output, the outermost first."""
    parents = Path(os.path.abspath(target)).parents
    return [parent for parent in reversed(parents) if not parent.exists()]


def remove_empty(folders: list[Path]) -> None:
    """Delete folders, the last first, as far as nothing is in them."""
    for folder in reversed(folders):
        with suppress(OSError):  # somebody else is there
            if not any(folder.iterdir()):
                folder.rmdir()
