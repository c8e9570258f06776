"""Errors that a user can act on: one line that says what, where and what to do."""

import errno
import re

# what moves the cursor of a terminal, colours it or turns the direction of writing; messages are one line by themselves
CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


class DfcanError(Exception):
    """The input made a start impossible; nothing was written (exit code 2).

    Its text is one line: what is wrong, where (file or key), and what to do about it.
    """

    exit_code = 2

    def __str__(self) -> str:
        # names of files and words of strangers are quoted in it
        return CONTROLS.sub(lambda found: ascii(found[0])[1:-1], super().__str__())


class UnfinishedError(DfcanError):
    """Work had begun and something failed or was found broken; the rest was done (exit code 1)."""

    exit_code = 1


class StoppedError(UnfinishedError):
    """Ctrl-C; what was finished is kept (exit code 130)."""

    exit_code = 130


def of_system(error: OSError) -> str:
    """What the system says, and what to do; only a full disk is known by its number to be one of the output."""
    if error.filename is None or error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return f"{error}: make room or choose another --out"
    return f"{error.filename}: {error.strerror}: check its permissions, or name another file or folder"


def refuse_left_out(problems: list[str], count: int, what: str = "images") -> None:
    """Raise UnfinishedError if some of `count` images could not be worked on; the others were."""
    if problems:
        raise UnfinishedError(f"{len(problems)} of {count} {what} were left out: {'; '.join(problems)}")
