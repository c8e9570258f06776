"""Refusal of zips that would write elsewhere or fill the disk, before anything in them is opened."""

import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath, PureWindowsPath
from typing import IO

from dfcan_bmz.errors import DfcanError

MOST_BYTES = 8 * 2**30
# weights and images hardly compress; text reaches about 20
MOST_INFLATION = 200
FREE_BYTES = 50 * 2**20  # below this size, inflation does no harm
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


class UnsafeZipError(DfcanError):
    """A zip is damaged, or not opened because of what it holds."""


def refuse_unsafe_zip(file: str | IO[bytes], name: str) -> None:
    """Look through a zip, and through the zips in it whatever they are called, without extracting.

    Parameters
    ----------
    file : str or binary file
        The zip.
    name : str
        What to call it in an error.

    Raises
    ------
    UnsafeZipError
        If an entry has a path that leaves the folder, is a link, is encrypted or stands twice, if the zip would unpack
        to more than 8 GiB or 200 times its size, or if it is damaged.
    """
    with intact(name), zipfile.ZipFile(file) as archive:
        _refuse_entries(archive, name)
        for entry in archive.infolist():
            with archive.open(entry) as nested:
                if zipfile.is_zipfile(nested):
                    nested.seek(0)
                    with zipfile.ZipFile(nested) as inner:
                        _refuse_entries(inner, f"{name}, {entry.filename}")


@contextmanager
def intact(name: object) -> Iterator[None]:
    """Raise UnsafeZipError for whatever Python says of a damaged zip, which it may notice at any entry."""
    try:
        yield
    except DAMAGE as error:
        raise UnsafeZipError(f"{name} is a damaged zip ({error}): download or package it again") from error


def _refuse_entries(archive: zipfile.ZipFile, name: str) -> None:
    entries = archive.infolist()
    for entry in entries:
        if reason := _danger(entry):
            raise UnsafeZipError(f"{name} is not opened: {entry.filename!r} {reason}; do not trust its source")
    counts = Counter(entry.filename for entry in entries)
    if twice := next((one for one, count in counts.items() if count > 1), None):
        raise UnsafeZipError(f"{name} is not opened: {twice!r} appears twice in it; package it again")
    unpacked, packed = (sum(getattr(entry, key) for entry in entries) for key in ("file_size", "compress_size"))
    if unpacked > MOST_BYTES or unpacked > FREE_BYTES + MOST_INFLATION * packed:
        raise UnsafeZipError(
            f"{name} is not opened: {packed / 1e6:.1f} MB would become {unpacked / 1e6:.0f} MB, as in a zip bomb; "
            "do not trust its source"
        )


def _danger(entry: zipfile.ZipInfo) -> str | None:
    posix, windows = PurePosixPath(entry.filename), PureWindowsPath(entry.filename)
    if posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts:
        return "would be written outside the folder"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link"
    if entry.flag_bits & 1:
        return "is encrypted"
    return None
