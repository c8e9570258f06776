"""A ``.keras`` file: layers and operations of listed classes, and weights that lie in the file.

Keras' safe mode runs no code of a stranger's, but builds any of its own layers: some read a file or an address that
their settings name. And HDF5 can point into other files.
"""

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

from dfcan_bmz.bundle_file.screen.keras_classes import CLASSES, MARKS
from dfcan_bmz.bundle_file.screen.refusal import UnlistedError, named

MEMBERS = {"metadata.json", "config.json", "model.weights.h5"}
MOST_SETTINGS = 64 * 2**20  # bytes
SMALLEST_BYTES = 64  # below, nobody asks how much of a data set is stored


def refuse_unlisted(path: Path) -> None:
    """Raise UnlistedError, or an error of a damaged file, if a ``.keras`` file is more than a listed network."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if others := set(names) - MEMBERS:
            raise UnlistedError(f"members that are not listed ({named(others)})")
        if len(names) != len(MEMBERS):
            raise UnlistedError("members that are missing or appear twice")
        if archive.getinfo("config.json").file_size > MOST_SETTINGS:
            raise UnlistedError("settings of more than 64 MB")
        if classes := sorted(set(_unlisted_classes(json.loads(archive.read("config.json"))))):
            raise UnlistedError(f"classes that are not listed ({named(classes)})")
        with archive.open("model.weights.h5") as weights, tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(weights, copy)  # HDF5 jumps about, which is slow within a zip
            with h5py.File(copy, "r") as file:
                _refuse_outside(file, set())


def _unlisted_classes(config: Any) -> Iterator[str]:
    if isinstance(config, dict):
        if "class_name" in config:
            name, module = config["class_name"], config.get("module")
            registered = config.get("registered_name")
            marked = module is None and name in MARKS if isinstance(name, str) else False
            listed = isinstance(module, str) and isinstance(name, str) and name in CLASSES.get(module, ())
            if not marked and not (listed and registered in (None, name)):
                yield str(name)
        config = list(config.values())
    if isinstance(config, list):
        for part in config:
            yield from _unlisted_classes(part)


def _refuse_outside(group: h5py.Group, seen: set[int]) -> None:
    """Refuse what HDF5 would read from another file, groups in a circle, and data that are only promised."""
    where = h5py.h5o.get_info(group.id).addr
    if where in seen:
        return
    seen.add(where)
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise UnlistedError(f"weights that point elsewhere ({named([name])})")
        entry = group[name]
        if isinstance(entry, h5py.Group):
            _refuse_outside(entry, seen)
        elif not isinstance(entry, h5py.Dataset) or entry.external or entry.is_virtual:
            raise UnlistedError(f"weights that point elsewhere ({named([name])})")
        elif entry.nbytes > max(entry.id.get_storage_size(), SMALLEST_BYTES):  # Keras compresses nothing
            raise UnlistedError(f"weights that are promised, not stored ({named([name])})")
