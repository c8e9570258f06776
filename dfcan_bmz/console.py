"""How much a command says: `quiet` for warnings and errors alone, `verbose` for where an error arose as well."""

import os
import sys

quiet = False
verbose = False


def choose(be_quiet: bool, be_verbose: bool) -> None:
    """Choose how much is said from now on; a quiet command prints nothing to stdout."""
    global quiet, verbose
    quiet, verbose = be_quiet, be_verbose
    if quiet:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (open until the process ends)
