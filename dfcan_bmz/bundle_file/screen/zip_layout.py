"""Zip archives that every reader reads alike: one entry after the other, and a directory that says the same of each.

Layout after the ZIP specification, APPNOTE.TXT 6.3.10, section 4.3.
"""

import os
import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from dfcan_bmz.bundle_file.screen.refusal import UnlistedError, named

END, END_64, LOCATOR_64 = struct.Struct("<4s4H2IH"), struct.Struct("<4sQ2H2I4Q"), struct.Struct("<4sIQI")
RECORD, HEADER = struct.Struct("<4s6H3I5H2I"), struct.Struct("<4s5H3I2H")
DESCRIPTORS = (16, 24)  # sizes of what may follow an entry's data
FOLLOWED, UTF_8 = 0x08, 0x800
STORED, DEFLATED = 0, 8
PADDING = 0x4246  # an extra field in which PyTorch aligns what follows


class Entry(NamedTuple):
    """What the directory says of an entry."""

    name: bytes
    flags: int
    method: int
    size: int
    start: int


def refuse_ambiguous(path: Path) -> None:
    """Raise UnlistedError if two readers could see different entries in a zip, or different contents.

    Names have to be ASCII and differ in more than their case. Archives of 4 GB and more are refused with the rest.
    """
    with path.open("rb") as file:
        directory_start, directory = _directory(file)
        entries = list(_records(directory))
        names = [entry.name.lower() for entry in entries]
        if twice := [name for name, count in Counter(names).items() if count > 1]:
            raise UnlistedError(f"entries of one name ({named(name.decode('ascii') for name in twice)})")
        starts = [entry.start for entry in entries[1:]] + [directory_start]
        if entries and entries[0].start:
            raise UnlistedError("bytes before its first entry")
        for entry, following in zip(entries, starts, strict=True):
            _refuse_header(file, entry, following)


def _directory(file: IO[bytes]) -> tuple[int, bytes]:
    size = file.seek(0, os.SEEK_END)
    end_start = size - END.size
    end = END.unpack(_read(file, end_start, END.size))
    mark, disk, first_disk, here, count, length, start, comment = end
    if mark != b"PK\5\6" or disk or first_disk or here != count or comment:
        raise UnlistedError("no directory at its very end")
    locator_start = end_start - LOCATOR_64.size
    locator = _read(file, locator_start, LOCATOR_64.size) if locator_start >= 0 else b""
    if locator[:4] == b"PK\6\7":
        end_start = locator_start - END_64.size
        wide = END_64.unpack(_read(file, end_start, END_64.size))
        said = (b"PK\6\6", END_64.size - 12, 0, 0, count, count, length, start)
        if LOCATOR_64.unpack(locator) != (b"PK\6\7", 0, end_start, 1) or (*wide[:2], *wide[4:]) != said:
            raise UnlistedError("two directories that disagree")
    if start + length != end_start:
        raise UnlistedError("bytes between its directory and its end")
    return start, _read(file, start, length)


def _records(directory: bytes) -> Iterator[Entry]:
    position = 0
    while position < len(directory):
        record = RECORD.unpack_from(directory, position)
        mark, _, _, flags, method, *_, size, whole, names, extras, comment, disk, _, _, start = record
        position += RECORD.size
        name, extra = directory[position : position + names], directory[position + names : position + names + extras]
        position += names + extras
        if mark != b"PK\1\2" or comment or disk or flags & ~(FOLLOWED | UTF_8) or method not in (STORED, DEFLATED):
            raise UnlistedError("an entry of an unusual kind")
        if not name.isascii() or b"\0" in name or b"\\" in name or max(size, start) == 2**32 - 1:
            raise UnlistedError("an entry of an unusual name or size")
        if method == STORED and size != whole:
            raise UnlistedError("an entry of two sizes")
        _refuse_extra(extra)
        yield Entry(name, flags, method, size, start)


def _refuse_extra(extra: bytes) -> None:
    """Other fields could give an entry another name or another size."""
    while extra:
        kind, length = struct.unpack_from("<2H", extra)
        if kind != PADDING or len(extra) < 4 + length:
            raise UnlistedError("an entry with fields that are not listed")
        extra = extra[4 + length :]


def _refuse_header(file: IO[bytes], entry: Entry, following: int) -> None:
    header = HEADER.unpack(_read(file, entry.start, HEADER.size))
    mark, _, flags, method, _, _, _, size, _, names, extras = header
    name = _read(file, entry.start + HEADER.size, names)
    said = (b"PK\3\4", entry.flags, entry.method, entry.name)
    if (mark, flags, method, name) != said or size not in (entry.size, 0 if flags & FOLLOWED else entry.size):
        raise UnlistedError(f"an entry that its directory describes differently ({named([entry.name.decode()])})")
    end = entry.start + HEADER.size + names + extras + entry.size
    if following - end not in (DESCRIPTORS if flags & FOLLOWED else (0,)):
        raise UnlistedError(f"bytes between its entries (after {named([entry.name.decode()])})")


def _read(file: IO[bytes], start: int, length: int) -> bytes:
    if start < 0:
        raise ValueError("it is too short for a zip")
    file.seek(start)
    data = file.read(length)
    if len(data) < length:
        raise ValueError("it is cut off")
    return data
