"""What a file is, by its content: its name may say anything, or nothing."""

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.mrc import open_mrc
from dfcan_bmz.formats.mrc_header import HEADER, is_mrc
from dfcan_bmz.formats.ome_zarr import is_zarr, open_ome_zarr
from dfcan_bmz.formats.pixels import Opened
from dfcan_bmz.formats.png import open_png
from dfcan_bmz.formats.tiff import open_tiff
from dfcan_bmz.formats.vendor import open_vendor, vendor_of

Open = Callable[[Path], Opened]
READ = "TIFF, PNG, MRC or OME-Zarr (CZI, ND2 and LIF with the extra [vendor])"
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# by the name that a file has; its content decides, but where it tells nothing the name tells what is expected
ENDINGS: dict[str, Open] = {
    **dict.fromkeys((".tif", ".tiff", ".btf", ".tf8"), open_tiff),
    **dict.fromkeys((".mrc", ".mrcs", ".rec", ".st", ".ali", ".map"), open_mrc),
    **dict.fromkeys((".czi", ".nd2", ".lif"), open_vendor),
    ".png": open_png,
    ".zarr": open_ome_zarr,
}
# (offset, bytes, name) of what is told apart, not read
OTHERS = (
    (0, b"\x89HDF\r\n\x1a\n", "HDF5 (Imaris, ilastik, BigDataViewer, EMD ...)"),
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000 (perhaps an old ND2)"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"GIF8", "GIF"),
    (0, b"BM", "BMP"),
    (0, b"8BPS", "Photoshop"),
    (0, b"%PDF", "PDF"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an OLE container (Olympus OIB, Zeiss ZVI ...)"),
    (0, b"OLYMPUSRAWFORMAT", "Olympus OIR"),
    (0, b"SIMPLE  =", "FITS"),
    (0, b"NRRD", "NRRD"),
    (0, b"ics_version", "ICS"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"MATLAB 5.0", "MATLAB"),
    (0, b"II\x97\x01", "FEI/TIA SER"),
    (0, b"\0\0\0\x03", "Digital Micrograph DM3"),
    (0, b"\0\0\0\x04", "Digital Micrograph DM4"),
    (0, b"\x5c\x01\0\0", "NIfTI"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"\x28\xb5\x2f\xfd", "a file packed by zstd"),
    (0, b"BZh", "a file packed by bzip2"),
    (0, b"\xfd7zXZ", "a file packed by xz"),
    (0, b"P5", "PGM"),
    (8, b"WEBP", "WebP"),
    (8, b"AVI ", "AVI"),
    (4, b"ftyp", "a film (MP4) or HEIC"),
    (128, b"DICM", "DICOM"),
    (344, b"n+1\0", "NIfTI"),
    (344, b"ni1\0", "NIfTI"),
    (257, b"ustar", "a tar archive"),
)


def opener_of(path: Path) -> Open | None:
    """How a file or folder is opened, by its content; None where it is no image of a format that is read here."""
    if path.is_dir():
        return open_ome_zarr if is_zarr(path) else None
    start = _start(path)
    if start[:4] in TIFF:
        return open_tiff
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return open_png
    if vendor_of(start) is not None:
        return open_vendor
    if is_mrc(start) or _is_packed_mrc(path, start):
        return open_mrc
    return None


def expected_of(path: Path) -> Open | None:
    """How a file of this name would be opened."""
    name = path.name.lower()
    opener = ENDINGS.get(Path(name.removesuffix(".gz")).suffix)
    return opener if opener is open_mrc or not name.endswith(".gz") else None


def open_any(path: Path) -> Opened:
    """Open an image of any format that is read here.

    Raises
    ------
    DfcanError
        If it is none, with the name of what it is.
    """
    if (opener := opener_of(path)) is not None:
        return opener(path)
    name = name_of_format(path)
    expected = expected_of(path)
    if name is None and expected is open_mrc and path.is_file():
        return open_mrc(path)  # without a stamp: the header of an old file, or of a damaged one
    raise DfcanError(f"{path} cannot be read (it is {name or 'of no known format'}): give {READ}")


def name_of_format(path: Path) -> str | None:
    """What a file or folder is that is not read here; None where nobody knows."""
    if path.is_dir():
        return "a folder that holds no OME-Zarr image"
    if not path.is_file():
        return "a pipe, a device or a broken link"
    start = _start(path)
    if not start:
        return "empty"
    if not any(start):
        return "a file of zeros"
    for offset, magic, name in OTHERS:
        if start[offset:].startswith(magic):
            return name
    if start.startswith(b"PK\x03\x04"):
        return "a zip archive"
    if start.startswith(b"\x1f\x8b"):
        return "a file packed by gzip"
    if start.lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t").startswith((b"<", b"<\0")):
        return "XML or HTML"
    return "text" if _is_text(start) else None


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEADER)


def _is_packed_mrc(path: Path, start: bytes) -> bool:
    if not start.startswith(b"\x1f\x8b"):
        return False
    try:
        with gzip.open(path) as stream:
            unpacked = stream.read(HEADER)
    except (EOFError, OSError, zlib.error):
        return expected_of(path) is open_mrc
    return is_mrc(unpacked) or (expected_of(path) is open_mrc and unpacked[:4] not in TIFF)


def _is_text(start: bytes) -> bool:
    try:
        text = start[: start.rfind(b"\n") + 1 or None].decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter.isspace() for letter in text)
