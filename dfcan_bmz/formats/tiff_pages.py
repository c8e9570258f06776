"""The pages of a TIFF file, each in its own type: found by walking their chain, read by strips or tiles."""

import struct
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import tifffile

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.decoded import remembered
from dfcan_bmz.formats.pixels import mapped

JPEG = {6, 7, 33007, 34892}  # compressions whose tables lie apart from the strips
UNPREDICTED = {1, 32773}  # compressions, none among them, to which a tag of a predictor means nothing
OFFSETS, LENGTHS = (273, 324), (279, 325)  # of strips and of tiles
SHAPING = {254, 256, 257, 258, 259, 262, 266, 277, 278, 284, 317, 320, 322, 323, 338, 339, 347, 530, 32997}
WANTED = {*SHAPING, *OFFSETS, *LENGTHS}
BYTES_OF_TYPE = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
CODES = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}  # of the types that offsets and lengths have

ReadPage = Callable[[slice, slice], np.ndarray]


class Page(NamedTuple):
    """A page: `key` is a page that is alike in all but where its data lie, which are `offsets` and `lengths`."""

    key: tifffile.TiffPage
    offsets: tuple[int, ...]
    lengths: tuple[int, ...]


def pages_of(path: Path, file: tifffile.TiffFile) -> list[Page]:
    """Pages of full resolution, in the order of their chain.

    A page like one before it costs the reading of its table of tags, no more.

    Raises
    ------
    DfcanError
        If the chain leaves the file, or comes back to a page that it has passed.
    """
    keys: dict[Any, tifffile.TiffPage] = {}
    pages = []
    with path.open("rb") as stream:
        for index, tags in enumerate(list(_tables(path, file, stream))):  # the chain as a whole first
            shaping = tuple((code, tags[code].content) for code in sorted(SHAPING & tags.keys()))
            offsets, lengths = (
                next((tags[code] for code in codes if code in tags), None) for codes in (OFFSETS, LENGTHS)
            )
            name: Hashable = index
            own: tuple[tuple[int, ...], tuple[int, ...]] | None = None  # tifffile mends what lacks one of both
            if offsets and lengths and offsets.many == lengths.many and {offsets.kind, lengths.kind} <= CODES.keys():
                own = offsets.numbers, lengths.numbers
                if file.is_lsm:  # its lengths are those before compression, its offsets are modulo 2^32
                    page = file.pages[index]
                    own = tuple(page.dataoffsets), tuple(page.databytecounts)
                name = shaping, offsets.many, _in_one_piece(*own)
            key = keys.get(name) or keys.setdefault(name, file.pages[index])
            if key.compression in UNPREDICTED:
                key.predictor = 1
            pages.append(Page(key, *(own or (tuple(key.dataoffsets), tuple(key.databytecounts)))))
    if not pages:
        raise DfcanError(f"{path} has no page: copy it again")
    whole = [page for page in pages if not (page.key.is_reduced or page.key.is_mask)]
    return whole or pages  # some programs call every page a reduced one


def _in_one_piece(offsets: tuple[int, ...], lengths: tuple[int, ...]) -> bool:
    """Whether each strip or tile begins where the one before it ends."""
    return all(at + length == following for at, length, following in zip(offsets, lengths, offsets[1:], strict=False))


class _Tag(NamedTuple):
    """A tag as it stands in the file: its type, how many values it has, and their bytes."""

    kind: int
    many: int
    content: bytes
    order: str

    @property
    def numbers(self) -> tuple[int, ...]:
        return struct.unpack(f"{self.order}{self.many}{CODES[self.kind]}", self.content)


def _tables(path: Path, file: tifffile.TiffFile, stream: BinaryIO) -> Iterator[dict[int, _Tag]]:
    """Of each page, its tags of `WANTED`."""
    form, size = file.tiff, path.stat().st_size
    stream.seek(8 if form.is_bigtiff else 4)
    (offset,) = struct.unpack(form.offsetformat, stream.read(form.offsetsize))
    passed: set[int] = set()
    while offset:
        if offset in passed:
            raise DfcanError(f"{path} has a damaged header (its pages form a ring): copy it again")
        passed.add(offset)
        stream.seek(offset)
        start = stream.read(form.tagnosize)
        (count,) = struct.unpack(form.tagnoformat, start) if len(start) == form.tagnosize else (0,)
        length = count * form.tagsize + form.offsetsize
        table = stream.read(min(length, size))
        if len(start) < form.tagnosize or len(table) < length:
            raise DfcanError(f"{path} is truncated (its page {len(passed)} lies beyond {size:,} bytes): copy it again")
        (offset,) = struct.unpack(form.offsetformat, table[-form.offsetsize :])
        entries = (table[place : place + form.tagsize] for place in range(0, count * form.tagsize, form.tagsize))
        found = {struct.unpack_from(f"{form.byteorder}H", entry)[0]: entry for entry in entries}
        tags = {code: _tag(stream, form, size, found[code]) for code in WANTED & found.keys()}
        yield {code: tag for code, tag in tags.items() if tag is not None}


def _tag(stream: BinaryIO, form: tifffile.TiffFormat, size: int, entry: bytes) -> _Tag | None:
    """The tag of an entry of a table; None where its values are not in the file."""
    kind = struct.unpack_from(f"{form.byteorder}H", entry, 2)[0]
    (count,) = struct.unpack_from(form.offsetformat, entry, 4)
    nbytes, value = count * BYTES_OF_TYPE.get(kind, 1), entry[-form.offsetsize :]
    if nbytes > form.offsetsize:
        (offset,) = struct.unpack(form.offsetformat, value)
        if offset + nbytes > size:
            return None
        stream.seek(offset)
        value = stream.read(nbytes)
    return _Tag(kind, count, value[:nbytes], form.byteorder)


def repeated(path: Path, page: Page, count: int) -> list[Page] | None:
    """The planes of a file of one page behind whose data further planes lie; None where there are none.

    Raises
    ------
    DfcanError
        If some of the planes are there, but not all of them.
    """
    end = page.offsets[0] + 2 * page.key.nbytes
    if not page.key.is_final or path.stat().st_size < end:
        return None
    refuse_truncated(path, page.offsets[0] + count * page.key.nbytes)
    return [Page(page.key, (page.offsets[0] + index * page.key.nbytes,), (page.key.nbytes,)) for index in range(count)]


def page_reader(path: Path, page: Page) -> ReadPage:
    """How to read regions (Y, X[, samples]) of one page: of its strips or tiles, those that the region touches.

    Raises
    ------
    DfcanError
        If the file ends before the page does, or lacks one of its strips.
    """
    key, shape = page.key, page.key.shape
    if key.is_final:
        refuse_truncated(path, page.offsets[0] + key.nbytes)
        dtype = np.dtype(key.parent.byteorder + key.dtype.char)
        read = mapped(path, dtype, page.offsets[0], (1, *shape))
        return lambda rows, columns: read(0, rows, columns)
    refuse_truncated(path, max(map(sum, zip(page.offsets, page.lengths, strict=True)), default=0))
    height, width = (key.tilelength, key.tilewidth) if key.is_tiled else (min(key.rowsperstrip, shape[0]), shape[1])
    down, across, samples = -(-shape[0] // height), -(-shape[1] // width), shape[2:]
    if len(page.offsets) < down * across:
        raise DfcanError(f"{path} lacks {down * across - len(page.offsets)} strips of a page: copy it again")
    decode, opened = key.decode, object()  # the object names this opening
    tables = {"jpegtables": key.jpegtables, "jpegheader": key.jpegheader} if key.compression in JPEG else {}
    fill, dtype = key.nodata, key.dtype

    def piece(index: int) -> np.ndarray:
        data = None
        if page.lengths[index]:
            with path.open("rb") as stream:
                stream.seek(page.offsets[index])
                data = stream.read(page.lengths[index])
        pixels, _, size = decode(data, index, **tables)
        if pixels is None:  # a piece that the writer left out
            return np.full((*size[1:3], *samples), fill, dtype)
        return np.array(pixels.reshape(*pixels.shape[1:3], *samples), dtype)

    def read_region(rows: slice, columns: slice) -> np.ndarray:
        region = np.full((rows.stop - rows.start, columns.stop - columns.start, *samples), fill, dtype)
        for row in range(rows.start // height, -(-rows.stop // height)):
            for column in range(columns.start // width, -(-columns.stop // width)):
                index = row * across + column
                part = remembered((opened, index), partial(piece, index))
                top, left = row * height - rows.start, column * width - columns.start
                part = part[max(0, -top) :, max(0, -left) :]
                target = region[max(0, top) : max(0, top) + len(part), max(0, left) : max(0, left) + part.shape[1]]
                target[...] = part[: target.shape[0], : target.shape[1]]
        return region

    return read_region


def refuse_truncated(path: Path, needed: int) -> None:
    """Raise DfcanError if the file has fewer bytes than that."""
    present = path.stat().st_size
    if present < needed:
        raise DfcanError(f"{path} is truncated (it holds {present:,} of {needed:,} bytes): copy it again")
