"""Whether the disk and the memory suffice, asked before work begins."""

import shutil
from pathlib import Path

import psutil

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.quantities import size_text

LEAST_ADDRESSES = 3 * 10**9  # bytes: with 2 GB the smallest training aborts, with 3 GB it ends
CONTAINER = Path("/sys/fs/cgroup/memory.max")  # of Linux, where psutil tells the machine's memory
SOFTWARE_BYTES = 10**9  # TensorFlow, torch, a network and its layers' outputs


def refuse_full_disk(folder: Path, needed: int) -> None:
    """Raise DfcanError if `needed` bytes do not fit where `folder` is, or will be."""
    nearest = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.is_dir())
    free = shutil.disk_usage(nearest).free
    if free < needed:
        raise DfcanError(
            f"{folder} needs {size_text(needed)}, but {size_text(free)} are free: make room, choose another "
            "--out, or take --dtype uint16, which halves it"
        )


def refuse_little_memory(path: Path, needed: int) -> None:
    """Raise DfcanError if predicting an image takes `needed` bytes beside the software, and they are not available."""
    available = available_bytes()
    if available < needed + SOFTWARE_BYTES:
        raise DfcanError(
            f"{path} needs {size_text(needed + SOFTWARE_BYTES)} of memory, but {size_text(available)} are available: "
            "close other programs, or cut the image"
        )


def refuse_narrow_limit() -> None:
    """Raise DfcanError if a limit of the shell leaves too little memory for TensorFlow, which would abort on it."""
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    granted, _ = resource.getrlimit(resource.RLIMIT_AS)
    if granted != resource.RLIM_INFINITY and granted < LEAST_ADDRESSES:
        raise DfcanError(
            f"this shell grants {size_text(granted)} of memory, and TensorFlow alone takes "
            f"{size_text(LEAST_ADDRESSES)}: raise the limit (ulimit -v)"
        )


def memory_bytes() -> int:
    """All of the machine's memory, or of the container's, in use or not."""
    return _within_container(psutil.virtual_memory().total)


def available_bytes() -> int:
    """What programs can have without driving others out of memory."""
    return _within_container(psutil.virtual_memory().available)


def _within_container(machine: int) -> int:
    limit = CONTAINER.read_text().strip() if CONTAINER.is_file() else "max"
    return machine if limit == "max" else min(machine, int(limit))
