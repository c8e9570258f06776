"""Processes that end with the one that started them, however that ends.

A child holds the reading end of a pipe as its standard input. When its parent is gone, killed or not, the pipe closes,
and the child ends.
"""

import os
import runpy
import subprocess
import sys
import threading
from typing import Any

_running: set[subprocess.Popen] = set()


def run(module: str, *arguments: object, timeout: float | None = None, **settings: Any) -> subprocess.CompletedProcess:
    """Run a module as ``python -m`` does, and wait for it.

    Parameters
    ----------
    module : str
        Its name.
    *arguments
        Its arguments, as texts.
    timeout : float, optional
        Seconds.
    **settings
        As `subprocess.Popen` has them.

    Returns
    -------
    subprocess.CompletedProcess
        With what it wrote to stdout and stderr, as texts.

    Raises
    ------
    subprocess.TimeoutExpired
        If it took longer than `timeout` seconds; it is ended then.
    """
    process = start(module, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **settings)
    held, process.stdin = process.stdin, None  # `communicate` would close it, which ends the child
    try:
        told = process.communicate(timeout=timeout)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    finally:
        process.stdin = held
        end(process)
    return subprocess.CompletedProcess(process.args, process.returncode, *told)


def start(module: str, *arguments: object, **settings: Any) -> subprocess.Popen:
    """Start a module as ``python -m`` does; it runs until it ends, or `end` ends it, or this process is gone.

    Parameters
    ----------
    module : str
        Its name.
    *arguments
        Its arguments, as texts.
    **settings
        As `subprocess.Popen` has them.
    """
    command = [sys.executable, "-m", __name__, module, *map(str, arguments)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, **settings)
    _running.add(process)
    return process


def end(process: subprocess.Popen) -> None:
    """End a child that was started."""
    process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()
    _running.discard(process)


def bound_memory() -> None:
    """Let this process have no more memory than the machine has, where the system grants more: Linux.

    An allocation beyond that fails at once; the system would grant it, and end any process later.
    """
    if sys.platform != "linux":
        return
    import resource

    import psutil

    most = psutil.virtual_memory().total + psutil.swap_memory().total
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def end_all() -> None:
    """End every child that runs now."""
    for process in list(_running):
        process.kill()


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
