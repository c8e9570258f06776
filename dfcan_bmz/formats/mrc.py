"""MRC files, also as SIM microscopes write them: no map stamp, either byte order, pixel sizes in micrometres."""

from pathlib import Path

import mrcfile.utils
import numpy as np
from mrcfile.dtypes import HEADER_DTYPE

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.pixels import Opened, Pixels, mapped

COMPLEX_MODES = (3, 4)
HIGHEST_MODE, MOST_COLUMNS = 127, 2**16  # above them, a header was read in the wrong byte order
DELTAVISION = -16224  # what such files carry where standard ones have part of an unused field
DELTAVISION_OFFSET = 96
ANGSTROM_NM, MICROMETRE_NM = 0.1, 1e3


def open_mrc(path: Path) -> Opened:
    """Open the frames of an MRC file.

    Parameters
    ----------
    path : pathlib.Path
        Modes 0, 1, 2, 6 and 12 (8- and 16-bit integers, 16- and 32-bit floats), in either byte order.

    Returns
    -------
    Opened
        One frame as an image, several as a stack; read from the file as they are asked for.

    Raises
    ------
    DfcanError
        If the file is no MRC file, has no image behind its header, holds Fourier data, or is truncated.
    """
    size = path.stat().st_size
    if size < HEADER_DTYPE.itemsize:
        raise DfcanError(f"{path} is shorter than the header of an MRC file: copy it again")
    header, order = _header(path)
    dtype = _dtype(path, int(header["mode"])).newbyteorder(order)
    columns, rows, frames = (int(header[key]) for key in ("nx", "ny", "nz"))
    offset = HEADER_DTYPE.itemsize + int(header["nsymbt"])
    if min(columns, rows, frames) < 1 or offset < HEADER_DTYPE.itemsize:
        raise DfcanError(f"{path} has a damaged header ({columns} x {rows} x {frames} px): copy it again")
    if columns == 1 or rows == 1:
        raise DfcanError(f"{path} is a header without an image ({columns} x {rows} px): leave it out")
    present = (size - offset) // (columns * rows * dtype.itemsize)
    if present < frames:
        raise DfcanError(f"{path} is truncated (it holds {max(0, present)} of {frames} frames): copy it again")
    shape = (frames, rows, columns)
    pixels = Pixels(path, shape if frames > 1 else shape[1:], dtype, mapped(path, dtype, offset, shape))
    return Opened(pixels, "ZYX" if frames > 1 else "YX", _pixel_size_nm(path, header, order))


def _header(path: Path) -> tuple[np.void, str]:
    """Header and byte order; files of microscopes have no machine stamp to tell it, but mode and width do."""
    with path.open("rb") as file:
        raw = file.read(HEADER_DTYPE.itemsize)
    for order in "<>":
        header = np.frombuffer(raw, HEADER_DTYPE.newbyteorder(order))[0]
        if 0 <= header["mode"] <= HIGHEST_MODE and 0 <= header["nx"] <= MOST_COLUMNS:
            return header, order
    raise DfcanError(f"{path} is no MRC file: check where it comes from")


def _dtype(path: Path, mode: int) -> np.dtype:
    if mode in COMPLEX_MODES:
        raise DfcanError(f"{path} holds Fourier data (MRC mode {mode}, an optical transfer function?): give images")
    try:
        return mrcfile.utils.dtype_from_mode(mode)
    except ValueError as error:
        raise DfcanError(f"{path} has MRC mode {mode}, which is no image: export it as TIFF") from error


def _pixel_size_nm(path: Path, header: np.void, order: str) -> float | None:
    with path.open("rb") as file:
        file.seek(DELTAVISION_OFFSET)
        (stamp,) = np.frombuffer(file.read(2), f"{order}i2")
    length, samples = float(header["cella"]["x"]), int(header["mx"])
    if not np.isfinite(length) or length <= 0 or samples < 1:
        return None
    return length / samples * (MICROMETRE_NM if stamp == DELTAVISION else ANGSTROM_NM)
