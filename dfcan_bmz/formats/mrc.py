"""MRC files, of electron microscopes and of SIM microscopes: any byte order, signedness and order of axes."""

import gzip
from pathlib import Path

import numpy as np

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.decoded import remembered
from dfcan_bmz.formats.mrc_header import (
    HEADER,
    PACKED_NIBBLES,
    Header,
    calibration_of,
    leading_axes,
    odd_cell,
    places_of_axes,
    read_header,
    signed,
)
from dfcan_bmz.formats.pixels import Opened, Pixels, ReadRegion, mapped
from dfcan_bmz.formats.units import tidy_axes

TYPES = {0: np.int8, 1: np.int16, 2: np.float32, 6: np.uint16, 7: np.int32, 12: np.float16}
FOURIER, RGB, NIBBLES = (3, 4), 16, 101
LARGEST_UNPACKED = 2**31  # bytes of a gzip file in memory


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
    file = read_header(path)
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
    places, told = places_of_axes(file)
    read = _unpacked(file, dtype, offset, (frames, rows, stored)) if file.packed else None
    read = read or mapped(path, dtype, offset, (frames, rows, stored))
    if nibbles:
        columns = columns if mode == NIBBLES else 2 * columns
        read = _of_nibbles(read)
    shape = (frames, rows, columns)
    if places != (0, 1, 2):
        read, shape = _permuted(read, shape, places), (shape[places[0]], shape[places[1]], shape[places[2]])
    leading, sizes = leading_axes(file, shape[0])
    axes, kept = tidy_axes(path, f"{leading}YX", (*sizes, *shape[1:]))
    squeezed = shape if shape[0] > 1 else shape[1:]
    calibration = calibration_of(file).of_axes(axes)
    sizes = tuple(sizes[place] for place in kept[:-2])
    odd = odd_cell(file) if calibration.x_nm is None or calibration.y_nm is None else ""
    return Opened(Pixels(path, squeezed, dtype, read), axes, calibration, sizes, tuple(filter(None, (note, told, odd))))


def _dtype(file: Header, mode: int) -> tuple[np.dtype, str]:
    """Type of the stored numbers, and a note where that had to be guessed."""
    path = file.path
    if mode in FOURIER:
        raise DfcanError(f"{path} holds Fourier data (MRC mode {mode}, an optical transfer function?): give images")
    if mode == RGB:
        raise DfcanError(f"{path} is a colour image (MRC mode {mode}): convert it to grey levels")
    if mode == NIBBLES:
        return np.dtype(np.uint8), ""
    if mode not in TYPES:
        raise DfcanError(f"{path} has MRC mode {mode}, which is not an image: export it as TIFF")
    if mode == 0:
        has_sign, note = signed(file)
        return np.dtype(np.int8 if has_sign else np.uint8), note
    return np.dtype(TYPES[mode]).newbyteorder(file.order), ""


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


def _unpacked(file: Header, dtype: np.dtype, offset: int, shape: tuple[int, int, int]) -> ReadRegion:
    """Regions of a gzip file, which is unpacked as a whole: it cannot be entered in the middle."""
    if file.size > LARGEST_UNPACKED:
        raise DfcanError(f"{file.path} has {file.size:,} bytes when it is unpacked: unpack it first (gunzip)")
    opened = object()  # names this opening

    def unpack() -> np.ndarray:
        with gzip.open(file.path) as stream:
            content = stream.read()
        return np.frombuffer(content, dtype, int(np.prod(shape)), offset).reshape(shape)

    return lambda plane, rows, columns: remembered(opened, unpack)[plane, rows, columns]
