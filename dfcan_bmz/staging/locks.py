"""A lock that the system gives back when its process ends, however it ends."""

import os
import sys
import time
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

TRIES = 100  # a holder that leaves takes the file along, and the next one has to begin again


def take(path: Path) -> int | None:
    """Lock a file, which is made where there is none; its folder too.

    Parameters
    ----------
    path : pathlib.Path
        The file; nothing but the lock is in it. Give it to `leave`.

    Returns
    -------
    int or None
        Descriptor of the open file; None if another process holds the lock. Where the file system has no locks, which
        some shared folders have not, every process gets it.

    Raises
    ------
    OSError
        If the file cannot be made.
    """
    for _ in range(TRIES):
        path.parent.mkdir(exist_ok=True)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
        except (FileNotFoundError, PermissionError) as error:
            if isinstance(error, PermissionError) and os.name != "nt":
                raise
            time.sleep(0.01)  # it is being taken away: on Windows, an access to such a file is denied
            continue
        if not _locked(descriptor):
            os.close(descriptor)
            return None
        if _is_at(descriptor, path):
            return descriptor
        os.close(descriptor)
    raise OSError(f"{path} comes and goes")


def leave(path: Path, descriptor: int, remove: bool) -> None:
    """Give the lock back, and take the file away with it if `remove`."""
    if remove and os.name != "nt":
        path.unlink(missing_ok=True)
    os.close(descriptor)
    if remove and sys.platform == "win32":  # which does not remove what is open; another process may have it by now
        try:
            path.unlink(missing_ok=True)
        except PermissionError:
            return


def _locked(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True  # no locks here
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is the one at `path` still."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(descriptor), there)
