"""How much a command says: `quiet` for warnings and errors alone, `verbose` for where an error arose as well."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

quiet = False
verbose = False


def choose(be_quiet: bool, be_verbose: bool) -> None:
    """Choose how much is said from now on; a quiet command prints nothing to stdout."""
    global quiet, verbose
    quiet, verbose = be_quiet, be_verbose
    if quiet:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (open until the process ends)


@contextmanager
def quiet_start() -> Iterator[None]:
    """Keep off the terminal what TensorFlow writes when it is imported: no setting of its own silences it."""
    if verbose:
        yield
        return
    sys.stderr.flush()
    terminal = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
        os.close(nowhere)
