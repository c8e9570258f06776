"""Header of an MRC file: byte order, signedness, axes and calibration, by whatever stamps a program left.

See Cheng et al. 2015, doi 10.1016/j.jsb.2015.04.002 (MRC2014); bio3d.colorado.edu/imod/doc/mrc_format.txt (IMOD).
"""

import gzip
import zlib
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.calibration import Calibration
from dfcan_bmz.formats.units import length_nm, place_nm

Order: TypeAlias = Literal["<", ">"]
HEADER = HEADER_DTYPE.itemsize
HIGHEST_MODE, MOST_COLUMNS = 127, 2**16  # above them, a header was read in the wrong byte order
ORDER_OF_STAMP: dict[int, Order] = {0x11: ">", 0x41: "<", 0x44: "<"}
DELTAVISION = -16224  # what such files carry where standard ones have part of an unused field
DELTAVISION_OFFSET, IMOD_OFFSET = 96, 152
TIMES_OFFSET, ORDER_OFFSET, WAVES_OFFSET = 180, 182, 196  # of DeltaVision
ORDERS = {0: "CTZ", 1: "TZC", 2: "TCZ"}  # of DeltaVision's sections, the slowest axis first
IMOD = int.from_bytes(b"IMOD", "little")
SIGNED_BYTES, INVERTED_ORIGIN, PACKED_NIBBLES = 1, 4, 16  # IMOD's flags


class Header(NamedTuple):
    """A header, the first byte and byte order of the pixels, and whether the file is packed by gzip."""

    path: Path
    header: np.void
    raw: bytes
    order: Order
    size: int
    packed: bool

    @property
    def deltavision(self) -> bool:
        """Whether DeltaVision's program wrote it, or one that writes as it does."""
        return self.number(DELTAVISION_OFFSET, "i2") == DELTAVISION

    @property
    def imod_flags(self) -> int | None:
        """IMOD's flags; None without its stamp."""
        return self.number(IMOD_OFFSET + 4, "i4") if self.number(IMOD_OFFSET, "i4") == IMOD else None

    def number(self, offset: int, code: str) -> int:
        """The whole number at a byte of the header."""
        return int(np.frombuffer(self.raw, f"{self.order}{code}", 1, offset)[0])


def is_mrc(start: bytes) -> bool:
    """Whether a file that starts like this carries the stamp of MRC2014, CCP4, IMOD or DeltaVision."""
    if len(start) < HEADER:
        return False
    stamps = (
        start[DELTAVISION_OFFSET:][:2] in (b"\xa0\xc0", b"\xc0\xa0"),
        start[IMOD_OFFSET:][:4] in (b"IMOD", b"DOMI"),
    )
    return (start[208:212] == b"MAP " or any(stamps)) and byte_order(start) is not None


def read_header(path: Path) -> Header:
    """Read the header of an MRC file, or of one that is packed by gzip.

    Raises
    ------
    DfcanError
        If there is none.
    """
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
    order = byte_order(raw)
    if order is None:
        raise DfcanError(f"{path} is not an MRC file: check where it comes from")
    return Header(path, np.frombuffer(raw, HEADER_DTYPE.newbyteorder(order))[0], raw, order, size, packed)


def byte_order(raw: bytes) -> Order | None:
    """Byte order; files of microscopes have no machine stamp to tell it, but mode and sizes do."""
    both: tuple[Order, Order] = "<", ">"
    likely = ORDER_OF_STAMP.get(raw[212], "<")
    for order in sorted(both, key=lambda one: one != likely):
        header = np.frombuffer(raw, HEADER_DTYPE.newbyteorder(order))[0]
        if 0 <= header["mode"] <= HIGHEST_MODE and 0 <= header["nx"] < MOST_COLUMNS and header["ny"] >= 0:
            return order
    return None


def signed(file: Header) -> tuple[bool, str]:
    """Whether bytes have a sign: IMOD's flag says so, else the header's extremes, else MRC2014, in which they have."""
    if file.imod_flags is not None:
        return bool(file.imod_flags & SIGNED_BYTES) and not file.imod_flags & PACKED_NIBBLES, ""
    low, high = float(file.header["dmin"]), float(file.header["dmax"])
    if np.isfinite([low, high]).all() and low < high:
        if low >= 0:
            return high <= 127, ""  # what both readings have in common is the same in both
        if high <= 127:
            return True, ""
    return True, "it does not say whether its bytes are signed: they are read as signed (-128..127), as in MRC2014"


def places_of_axes(file: Header) -> tuple[tuple[int, int, int], str]:
    """Where Z, Y and X are among the sections, rows and columns of the file, and a note where the header is odd."""
    order = [int(file.header[key]) for key in ("maps", "mapr", "mapc")]  # 1, 2 and 3 are X, Y and Z
    if sorted(order) != [1, 2, 3]:
        told = "" if not any(order) else "its header names no three axes: columns are read as X, rows as Y"
        return (0, 1, 2), told
    return (order.index(3), order.index(2), order.index(1)), ""


def leading_axes(file: Header, sections: int) -> tuple[str, tuple[int, ...]]:
    """Axes of the sections and their lengths: Z, or what DeltaVision says of times and wavelengths."""
    times, waves = file.number(TIMES_OFFSET, "i2"), file.number(WAVES_OFFSET, "i2")
    order = ORDERS.get(file.number(ORDER_OFFSET, "i2"))
    if not file.deltavision or order is None or min(times, waves) < 1 or sections % (times * waves):
        return "Z", (sections,)
    sizes = {"T": times, "C": waves, "Z": sections // (times * waves)}
    return order, tuple(sizes[axis] for axis in order)


def calibration_of(file: Header) -> Calibration:
    """Cell by samples; DeltaVision has the side of a pixel itself, in micrometres."""
    header, unit = file.header, "um" if file.deltavision else "angstrom"
    samples = {axis: int(header[f"m{axis}"]) for axis in "xyz"}
    x, y, z = (
        length_nm(float(header["cella"][axis]) / count, unit) if count > 0 else None for axis, count in samples.items()
    )
    if file.deltavision or x is None or y is None:
        return Calibration(x, y, z)
    left, top, first_plane = _origin(file, x, y, z)
    return Calibration(x, y, z, None, left, top, first_plane, "nm")


def odd_cell(file: Header) -> str:
    """A note where the cell is there, but tells no lengths."""
    there = any(float(file.header["cella"][axis]) for axis in "xy")
    return "the cell in its header has no positive lengths: the pixel size is unknown" if there else ""


def _origin(file: Header, x: float, y: float, z: float | None) -> tuple[float | None, float | None, float | None]:
    """Edges of the first pixel, by the place of its centre; None where the header has no more than zeros."""
    sign = -1 if file.imod_flags is not None and not file.imod_flags & INVERTED_ORIGIN else 1
    at_x, at_y, at_z = (place_nm(sign * float(file.header["origin"][axis]), "angstrom") for axis in "xyz")
    if not any((at_x, at_y, at_z)):
        starts = (int(file.header[f"n{axis}start"]) for axis in "xyz")
        at_x, at_y, at_z = (start * size if size else None for start, size in zip(starts, (x, y, z), strict=True))
    if not any((at_x, at_y, at_z)) or at_x is None or at_y is None:
        return None, None, None
    return at_x - x / 2, at_y - y / 2, at_z if z else None
