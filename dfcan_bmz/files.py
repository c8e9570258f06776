"""What files are told apart by, what must not be written over, and tables and zips as all parts write them."""

import csv
import hashlib
import shutil
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from dfcan_bmz.errors import DfcanError

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date that a zip can hold


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's content; of a folder's, which an OME-Zarr image is, names and contents."""
    if path.is_dir():
        digest = hashlib.sha256()
        for inside in sorted(entry for entry in path.rglob("*") if entry.is_file()):
            digest.update(f"{inside.relative_to(path).as_posix()}\0{sha256(inside)}\n".encode())
        return digest.hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stamp(path: Path) -> tuple[int, int]:
    """Size and time of the last change: another stamp, another content, as far as that is known without reading it."""
    state = path.stat()
    return state.st_size, state.st_mtime_ns


def refuse_input_as_output(inputs: Iterable[Path], outputs: Iterable[Path]) -> None:
    """Refuse to write over what is read, whatever ``--overwrite`` says.

    Raises
    ------
    DfcanError
        If an output is an input, or lies inside an input folder.
    """
    read = {path.resolve() for path in inputs}
    for path in outputs:
        if read & {path.resolve(), *path.resolve().parents}:
            raise DfcanError(f"{path} would overwrite an input: choose another --out")


def remove(path: Path) -> None:
    """Delete a file or a folder; do nothing where there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a CSV table; what a name holds that is no UTF-8, as paths may, is escaped."""
    with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as lines:
        csv.writer(lines).writerows([columns, *rows])


def write_zip(folder: Path, path: Path) -> None:
    """Zip a folder's content so that equal content gives equal bytes: sorted names, one date, one set of rights.

    Raises
    ------
    OSError
        If `path` cannot be written.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, file.read_bytes(), compresslevel=6)
