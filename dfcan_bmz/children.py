"""Processes that end with the one that started them, however that ends.

A child holds the reading end of a pipe as its standard input. When its parent is gone, killed or not, the pipe closes,
and the child ends.
"""

import os
import runpy
import subprocess
import sys
import threading
from pathlib import Path

_running: set[subprocess.Popen] = set()


def run(
    module: str,
    *arguments: object,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    timeout: float | None = None,
) -> subprocess.CompletedProcess:
    """Run a module as ``python -m`` does, and wait for it.

    Parameters
    ----------
    module : str
        Its name.
    *arguments
        Its arguments, as texts.
    cwd, env, timeout
        As `subprocess.run` has them.

    Returns
    -------
    subprocess.CompletedProcess
        With what it wrote to stdout and stderr, as texts.

    Raises
    ------
    subprocess.TimeoutExpired
        If it took longer than `timeout` seconds; it is ended then.
    """
    command = [sys.executable, "-m", __name__, module, *map(str, arguments)]
    theirs, ours = os.pipe()
    try:
        process = subprocess.Popen(
            command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd, env=env
        )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    _running.add(process)
    try:
        told = process.communicate(timeout=timeout)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    finally:
        _running.discard(process)
        os.close(ours)
    return subprocess.CompletedProcess(command, process.returncode, *told)


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
