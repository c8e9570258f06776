"""MRC files, of electron microscopes and of SIM microscopes: any byte order, signedness and order of axes.

See Cheng et al. 2015, doi 10.1016/j.jsb.2015.04.002 (MRC2014); bio3d.colorado.edu/imod/doc/mrc_format.txt (IMOD).
"""

import gzip
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.calibration import Calibration
from dfcan_bmz.formats.decoded import remembered
from dfcan_bmz.formats.pixels import Opened, Pixels, ReadRegion, mapped
from dfcan_bmz.formats.units import length_nm, place_nm

HEADER = HEADER_DTYPE.itemsize
TYPES = {0: np.int8, 1: np.int16, 2: np.float32, 6: np.uint16, 7: np.int32, 12: np.float16}
FOURIER, RGB, NIBBLES = (3, 4), 16, 101
HIGHEST_MODE, MOST_COLUMNS = 127, 2**16  # above them, a header was read in the wrong byte order
ORDER_OF_STAMP = {0x11: ">", 0x41: "<", 0x44: "<"}
DELTAVISION = -16224  # what such files carry where standard ones have part of an unused field
DELTAVISION_OFFSET, IMOD_OFFSET = 96, 152
IMOD = int.from_bytes(b"IMOD", "little")
SIGNED_BYTES, INVERTED_ORIGIN, PACKED_NIBBLES = 1, 4, 16  # IMOD's flags
LARGEST_UNPACKED = 2**31  # bytes of a gzip file in memory


class _File(NamedTuple):
    """A header, the first byte and byte order of the pixels, and whether the file is packed by gzip."""

    path: Path
    header: np.void
    raw: bytes
    order: str
    size: int
    packed: bool

    @property
    def deltavision(self) -> bool:
        return self.number(DELTAVISION_OFFSET, "i2") == DELTAVISION

    @property
    def imod_flags(self) -> int | None:
        return self.number(IMOD_OFFSET + 4, "i4") if self.number(IMOD_OFFSET, "i4") == IMOD else None

    def number(self, offset: int, code: str) -> int:
        return int(np.frombuffer(self.raw, f"{self.order}{code}", 1, offset)[0])


def open_mrc(path: Path) -> Opened:
    """Open the frames of an MRC file.

    Parameters
    ----------
    path : pathlib.Path
        Modes 0, 1, 2, 6, 7, 12 and 101 (4- to 32-bit integers, 16- and 32-bit floats), in either byte order, or that
        packed by gzip.

    Returns
    -------
    Opened
        One frame as an image, several as a stack along Z, whatever the order of axes in the file; read from the file as
        they are asked for.

    Raises
    ------
    DfcanError
        If the file is no MRC file, has no image behind its header, holds Fourier data or colours, or is truncated.
    """
    file = _opened(path)
    header, mode = file.header, int(file.header["mode"])
    columns, rows, frames = (int(header[key]) for key in ("nx", "ny", "nz"))
    dtype, note = _dtype(file, mode)
    nibbles = mode == NIBBLES or (mode == 0 and bool((file.imod_flags or 0) & PACKED_NIBBLES))
    stored = (columns + 1) // 2 if mode == NIBBLES else columns  # bytes of a row of nibbles, else pixels
    offset = HEADER + int(header["nsymbt"])
    if min(columns, rows, frames) < 1 or offset < HEADER:
        raise DfcanError(f"{path} has a damaged header ({columns} x {rows} x {frames} px): copy it again")
    if columns == 1 or rows == 1:
        raise DfcanError(f"{path} is a header without an image ({columns} x {rows} px): leave it out")
    present = (file.size - offset) // (stored * rows * dtype.itemsize)
    if present < frames:
        raise DfcanError(f"{path} is truncated (it holds {max(0, present)} of {frames} frames): copy it again")
    places, told = _axes(file)
    read = _unpacked(file, dtype, offset, (frames, rows, stored)) if file.packed else None
    read = read or mapped(path, dtype, offset, (frames, rows, stored))
    if nibbles:
        columns = columns if mode == NIBBLES else 2 * columns
        read = _of_nibbles(read)
    shape = (frames, rows, columns)
    if places != (0, 1, 2):
        read, shape = _permuted(read, shape, places), tuple(shape[place] for place in places)
    squeezed = shape if shape[0] > 1 else shape[1:]
    axes = "ZYX"[-len(squeezed) :]
    calibration = _calibration(file).of_axes(axes)
    odd = _odd_cell(file) if calibration.x_nm is None or calibration.y_nm is None else ""
    return Opened(Pixels(path, squeezed, dtype, read), axes, calibration, (), tuple(filter(None, (note, told, odd))))


def is_mrc(start: bytes) -> bool:
    """Whether a file that starts like this carries the stamp of MRC2014, CCP4, IMOD or DeltaVision."""
    if len(start) < HEADER:
        return False
    stamps = (
        start[DELTAVISION_OFFSET:][:2] in (b"\xa0\xc0", b"\xc0\xa0"),
        start[IMOD_OFFSET:][:4] in (b"IMOD", b"DOMI"),
    )
    return (start[208:212] == b"MAP " or any(stamps)) and _order(start) is not None


def _opened(path: Path) -> _File:
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    size = path.stat().st_size
    with gzip.open(path) if packed else path.open("rb") as stream:
        try:
            raw = stream.read(HEADER)
            size = stream.seek(0, 2) if packed else size
        except (EOFError, OSError, zlib.error) as error:
            raise DfcanError(f"{path} is damaged or truncated (gzip: {error}): copy it again") from error
    if len(raw) < HEADER:
        raise DfcanError(f"{path} is shorter than the header of an MRC file: copy it again")
    order = _order(raw)
    if order is None:
        raise DfcanError(f"{path} is no MRC file: check where it comes from")
    return _File(path, np.frombuffer(raw, HEADER_DTYPE.newbyteorder(order))[0], raw, order, size, packed)


def _order(raw: bytes) -> str | None:
    """Byte order; files of microscopes have no machine stamp to tell it, but mode and sizes do."""
    likely = ORDER_OF_STAMP.get(raw[212], "<")
    for order in (likely, "<>".replace(likely, "")):
        header = np.frombuffer(raw, HEADER_DTYPE.newbyteorder(order))[0]
        if 0 <= header["mode"] <= HIGHEST_MODE and 0 <= header["nx"] < MOST_COLUMNS and header["ny"] >= 0:
            return order
    return None


def _dtype(file: _File, mode: int) -> tuple[np.dtype, str]:
    """Type of the stored numbers, and a note where that had to be guessed."""
    path = file.path
    if mode in FOURIER:
        raise DfcanError(f"{path} holds Fourier data (MRC mode {mode}, an optical transfer function?): give images")
    if mode == RGB:
        raise DfcanError(f"{path} is a colour image (MRC mode {mode}): convert it to grey levels")
    if mode == NIBBLES:
        return np.dtype(np.uint8), ""
    if mode not in TYPES:
        raise DfcanError(f"{path} has MRC mode {mode}, which is no image: export it as TIFF")
    if mode == 0:
        signed, note = _signed(file)
        return np.dtype(np.int8 if signed else np.uint8), note
    return np.dtype(TYPES[mode]).newbyteorder(file.order), ""


def _signed(file: _File) -> tuple[bool, str]:
    """Whether bytes have a sign: IMOD's flag says so, else the header's extremes, else MRC2014, in which they have."""
    if file.imod_flags is not None:
        return bool(file.imod_flags & SIGNED_BYTES) and not file.imod_flags & PACKED_NIBBLES, ""
    low, high = float(file.header["dmin"]), float(file.header["dmax"])
    if np.isfinite([low, high]).all() and low < high:
        if low >= 0:
            return high <= 127, ""  # what both readings have in common is the same in both
        if high <= 127:
            return True, ""
    return True, "whether its bytes are signed is not told: they are read as signed (-128..127), as MRC2014 has them"


def _axes(file: _File) -> tuple[tuple[int, int, int], str]:
    """Where Z, Y and X are among the sections, rows and columns of the file, and a note where the header is odd."""
    order = [int(file.header[key]) for key in ("maps", "mapr", "mapc")]  # 1, 2 and 3 are X, Y and Z
    if sorted(order) != [1, 2, 3]:
        told = "" if not any(order) else "its header names no three axes: columns are read as X, rows as Y"
        return (0, 1, 2), told
    return tuple(order.index(axis) for axis in (3, 2, 1)), ""


def _permuted(read: ReadRegion, shape: tuple[int, ...], places: tuple[int, ...]) -> ReadRegion:
    """Regions of (Z, Y, X) from a file that keeps these axes in another order."""

    def read_region(plane: int, rows: slice, columns: slice) -> np.ndarray:
        wanted: list[slice] = [slice(0)] * 3
        for place, part in zip(places, (slice(plane, plane + 1), rows, columns), strict=True):
            wanted[place] = part
        sections = range(shape[0])[wanted[0]]
        block = np.stack([read(section, wanted[1], wanted[2]) for section in sections])
        return block.transpose(places)[0]

    return read_region


def _of_nibbles(read: ReadRegion) -> ReadRegion:
    """Regions of 4-bit pixels, two a byte, the first in its lower half."""

    def read_region(plane: int, rows: slice, columns: slice) -> np.ndarray:
        first = columns.start // 2
        packed = read(plane, rows, slice(first, -(-columns.stop // 2)))
        pixels = np.stack([packed & 15, packed >> 4], axis=-1).reshape(len(packed), -1)
        return pixels[:, columns.start - 2 * first : columns.stop - 2 * first]

    return read_region


def _unpacked(file: _File, dtype: np.dtype, offset: int, shape: tuple[int, int, int]) -> ReadRegion:
    """Regions of a gzip file, which is unpacked as a whole: it cannot be entered in the middle."""
    if file.size > LARGEST_UNPACKED:
        raise DfcanError(f"{file.path} has {file.size:,} bytes when it is unpacked: unpack it first (gunzip)")
    opened = object()  # names this opening

    def unpack() -> np.ndarray:
        with gzip.open(file.path) as stream:
            content = stream.read()
        return np.frombuffer(content, dtype, int(np.prod(shape)), offset).reshape(shape)

    return lambda plane, rows, columns: remembered(opened, unpack)[plane, rows, columns]


def _calibration(file: _File) -> Calibration:
    """Cell by samples; DeltaVision has the side of a pixel itself, in micrometres."""
    header, unit = file.header, "um" if file.deltavision else "angstrom"
    samples = {axis: int(header[f"m{axis}"]) for axis in "xyz"}
    sizes = [
        length_nm(float(header["cella"][axis]) / count, unit) if count > 0 else None for axis, count in samples.items()
    ]
    if file.deltavision or None in sizes[:2]:
        return Calibration(*sizes)
    return Calibration(*sizes, None, *_origin(file, sizes), unit="nm")


def _odd_cell(file: _File) -> str:
    """A note where the cell is there, but tells no lengths."""
    there = any(float(file.header["cella"][axis]) for axis in "xy")
    return "the cell of its header tells no positive lengths: the pixel size is unknown" if there else ""


def _origin(file: _File, sizes: list[float | None]) -> list[float | None]:
    """Edges of the first pixel, by the place of its centre; None where the header has no more than zeros."""
    sign = -1 if file.imod_flags is not None and not file.imod_flags & INVERTED_ORIGIN else 1
    places = [place_nm(sign * float(file.header["origin"][axis]), "angstrom") for axis in "xyz"]
    if not any(places):
        starts = [int(file.header[f"n{axis}start"]) for axis in "xyz"]
        places = [start * size if size else None for start, size in zip(starts, sizes, strict=True)]
    if not any(places) or None in places[:2]:
        return [None, None, None]
    return [places[0] - sizes[0] / 2, places[1] - sizes[1] / 2, places[2] if sizes[2] else None]
