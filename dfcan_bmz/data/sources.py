"""What is trained or measured on: the pairs of two folders, of several, or of arrays.

::

    open_set("data/lr", "data/hr")                        folders; names and fields of view as their manifest has them
    open_set(["day1/lr", "day2/lr"], ["day1/hr", ...])    several; names begin with the number of the folder: 2/cell01
    open_set(lr, hr)                                      arrays (N, Y, X) and (N, sY, sX), or lists of (Y, X)
    open_set(frames, hr)                                  arrays (N, frames, Y, X) and (N, sY, sX)
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from dfcan_bmz import images
from dfcan_bmz.data.pairs import Pair, find_pairs
from dfcan_bmz.data.records import data_layer, read_manifest
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.events import SILENT, Events

Images: TypeAlias = str | Path | np.ndarray | Sequence[str | Path | np.ndarray]


class PairSet(NamedTuple):
    """Pairs, the settings that they ask for, and the rows of their manifests by name of the pair."""

    pairs: list[Pair]
    config: dict[str, Any]
    rows: dict[str, dict[str, str]]


@contextmanager
def open_set(lr: Images, hr: Images, events: Events = SILENT) -> Iterator[PairSet]:
    """Yield the pairs of folders or arrays.

    Arrays are written as TIFF to a temporary folder while the block runs: everything else knows files alone, whose
    checksums a run folder keeps.

    Parameters
    ----------
    lr, hr : str, pathlib.Path, numpy.ndarray, or sequence of these
        Folders of images of equal names, or images: (N, Y, X) or (N, frames, Y, X), and (N, sY, sX), each a field of
        view of its own.
    events : Events
        Hears which files are left out.

    Raises
    ------
    DfcanError
        If a pair is not complete, or there are not as many LR as HR images.
    """
    low, high = _sources(lr), _sources(hr)
    if len(low) != len(high) or {type(one) for one in low} != {type(one) for one in high}:
        raise DfcanError(f"lr and hr do not match: {_told(low)} and {_told(high)}; give each LR image its HR image")
    if isinstance(low[0], Path):
        yield _of_folders(list(zip(low, high, strict=True)), events)
        return
    with _written(low, "lr") as lr_dir, _written(high, "hr") as hr_dir:
        yield _of_folders([(lr_dir, hr_dir)], events)


@contextmanager
def folder_of(given: Images) -> Iterator[Path]:
    """Yield the folder of images that was given, or one of the arrays that were given while the block runs."""
    sources = _sources(given)
    if not isinstance(sources[0], Path):
        with _written(sources, "images") as folder:
            yield folder
    elif len(sources) == 1:
        yield sources[0]
    else:
        raise DfcanError(f"{len(sources)} folders are given: give one")


def _sources(given: Images) -> list[Any]:
    """Folders as paths, or images as arrays (Y, X) or (Z, Y, X)."""
    if isinstance(given, str | Path):
        return [Path(given)]
    if isinstance(given, np.ndarray) and given.ndim == 2:
        return [given]
    found = [Path(one) if isinstance(one, str | Path) else np.asarray(one) for one in given]
    kinds = {isinstance(one, Path) for one in found}
    if len(kinds) != 1 or not all(isinstance(one, Path) or one.ndim in (2, 3) for one in found):
        raise DfcanError("these are not images: give folders, or arrays (Y, X) or (Z, Y, X), and not both")
    return found


def _told(sources: list[Any]) -> str:
    return f"{len(sources)} {'folders' if isinstance(sources[0], Path) else 'images'}"


def _of_folders(folders: list[tuple[Path, Path]], events: Events) -> PairSet:
    found = PairSet([], {}, {})
    for number, (lr, hr) in enumerate(folders, 1):
        pairs, rows, config = find_pairs(lr, hr), read_manifest(lr) or {}, data_layer(lr)
        for line in images.left_out(lr, hr):
            events.note(line)
        if number > 1 and config != found.config:
            raise DfcanError(f"{lr} was made with other settings than {folders[0][0]}: train on one of them at a time")
        if len(folders) > 1:
            pairs = [replace(pair, name=f"{number}/{pair.name}", fov=f"{number}/{pair.fov}") for pair in pairs]
            rows = {f"{number}/{name}": row for name, row in rows.items()}
        found = PairSet([*found.pairs, *pairs], config, found.rows | rows)
    return found


@contextmanager
def _written(planes: list[np.ndarray], name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="dfcan-arrays-") as scratch:
        folder = Path(scratch) / name
        folder.mkdir()
        for index, pixels in enumerate(planes):
            axes = "YX" if pixels.ndim == 2 else "ZYX"
            images.write(folder / f"image{index:04d}.tif", images.writable(pixels), axes)
        yield folder
