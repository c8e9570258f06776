"""The records of a set of pairs, and new sets.

::

    DIR/
      lr/, hr/         the images
      manifest.csv     optional: name,fov,level,structure,pixel_size_nm; and lr,hr for files of unequal names
      dataset.yaml     optional: how the set was made, and the config that follows from it
"""

import csv
import io
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dfcan_bmz import images
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.files import write_table
from dfcan_bmz.images import Frames
from dfcan_bmz.names import legible
from dfcan_bmz.staging import filling
from dfcan_bmz.yaml_files import read_yaml, write_yaml

MANIFEST_COLUMNS = ("name", "fov", "level", "structure", "pixel_size_nm")
SET = ("lr", "hr", "manifest.csv", "dataset.yaml", "align.csv", "simulation.yaml", "like.png")


def dataset(lr_dir: Path) -> dict[str, Any]:
    """What ``dataset.yaml`` beside the LR folder says of how the images were made; empty where there is none."""
    file = beside(lr_dir, "dataset.yaml")
    return read_yaml(file) if file.is_file() else {}


def data_layer(lr_dir: Path) -> dict[str, Any]:
    """Config that the training data ask for: the ``config`` of ``dataset.yaml`` beside the LR folder, if any."""
    return dataset(lr_dir).get("config") or {}


def frames_told(lr_dir: Path) -> Frames:
    """How LR files hold images, as the data tell it; a count of 0 leaves it to each pair how many frames it has."""
    return frames_in(data_layer(lr_dir))


def frames_in(layer: dict[str, Any]) -> Frames:
    """The same as the settings that data ask for tell it."""
    told = {key: value for key, value in (layer.get("data") or {}).items() if key in Frames._fields}
    return Frames(number=0, **told)


def read_manifest(image_dir: Path) -> dict[str, dict[str, str]] | None:
    """Rows of the ``manifest.csv`` beside a folder of images, by image name; None where there is none.

    It may list images by the names of their files, ``cell0.tif`` for ``cell0``.

    Raises
    ------
    DfcanError
        If it is not a CSV table in UTF-8 with a fov and a name of its own in each row.
    """
    manifest = beside(image_dir, "manifest.csv")
    if not manifest.is_file():
        return None
    try:
        rows = _table(manifest.read_text(encoding="utf-8-sig"))  # spreadsheets begin it with a byte order mark
    except (UnicodeDecodeError, csv.Error) as error:
        raise DfcanError(f"{manifest} is not a CSV table in UTF-8 ({error}): save it as such") from error
    if not rows or not all(row.get("name", "").strip() and row.get("fov", "").strip() for row in rows):
        raise DfcanError(f"{manifest} lacks a name or a fov: write {','.join(MANIFEST_COLUMNS)}, a row for each image")
    by_file = {legible(path.name): name for name, path in images.find(image_dir).items()}
    name_of = by_file | {name: name for name in by_file.values()}
    for row in rows:
        name, row["fov"] = legible(row["name"]), legible(row["fov"]).strip()
        row["name"] = name_of.get(name) or name_of.get(name.strip(), name)
        if Path(row["name"]).name != row["name"]:  # files are called by it
            raise DfcanError(f"{manifest} calls a pair {row['name']}, which is a path: give it a name")
    found = {row["name"]: row for row in rows}
    if len(found) < len(rows):
        ((name, count),) = Counter(row["name"] for row in rows).most_common(1)
        raise DfcanError(f"{manifest} has {count} rows of the name {name}: give each pair its own name")
    return found


def pixel_size_nm(row: dict[str, str], manifest: Path) -> float | None:
    """Side of an LR pixel, as a row of a manifest has it; None where it does not."""
    text = row.get("pixel_size_nm", "").strip()
    if not text:
        return None
    try:
        size = float(text)
    except ValueError:
        size = 0.0
    if not 0 < size < math.inf:
        raise DfcanError(
            f"{manifest} has pixel_size_nm {text} for {row['name']}: write the size of an LR pixel in nanometres"
        )
    return size


def _table(text: str) -> list[dict[str, str]]:
    """Rows of a table by column, as any spreadsheet writes it: with commas, semicolons or tabs, and rows of nothing."""
    header = next((line for line in text.splitlines() if line.strip(',;"\t ')), "")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count))
    titles, *rows = [cells for cells in lines if any(map(str.strip, cells))] or [[]]
    columns = [title.strip() for title in titles]
    return [dict(zip(columns, cells, strict=False)) for cells in rows]


@contextmanager
def new_set(out: Path, command: str, overwrite: bool) -> Iterator[Path]:
    """Yield a temporary folder with ``lr/`` and ``hr/`` that becomes `out` when the block ends without error.

    With `overwrite`, an older set is replaced as a whole; what else is in `out` is left alone.

    Raises
    ------
    DfcanError
        If `out` cannot be written, or holds images or tables of these names that this package did not write.
    """
    with filling(out, command, overwrite, away=SET) as folder:
        _refuse_sets_of_others(out)
        (folder / "lr").mkdir()
        (folder / "hr").mkdir()
        yield folder


def _refuse_sets_of_others(out: Path) -> None:
    there = [out / entry for entry in SET if (out / entry).exists()]
    if not there:
        return
    record = out / "dataset.yaml"
    settings = read_yaml(record).get("settings") if record.is_file() else None
    if not (isinstance(settings, dict) and "command" in settings):
        raise DfcanError(f"{there[0]} was not written by dfcan-bmz, and is not replaced: choose another folder")


def write_records(folder: Path, rows: list[dict[str, Any]], dataset: dict[str, Any]) -> None:
    """Write ``manifest.csv`` and ``dataset.yaml`` of a set."""
    cells = ([row.get(column, "") for column in MANIFEST_COLUMNS] for row in rows)
    write_table(folder / "manifest.csv", MANIFEST_COLUMNS, cells)
    write_yaml(folder / "dataset.yaml", dataset)


def beside(folder: Path, name: str) -> Path:
    """A file beside a folder of images."""
    # a relative path such as "." has no parent of its own
    return folder.absolute().parent / name
