"""HDF5 as ilastik reads and writes it: a dataset whose attribute ``axistags`` names its axes, in vigra's JSON."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.pixels import Pixels, damage_named
from dfcan_bmz.formats.tiff_output import WriteRows
from dfcan_bmz.images import Calibration

ENDINGS = (".h5", ".hdf5")
EXPORTED = "exported_data"  # what ilastik calls its dataset unless told otherwise
SPACE, TIME = 2, 8  # of vigra's types of axes
UNNAMED = {2: "yx", 3: "zyx", 4: "zyxc", 5: "tzyxc"}  # how ilastik takes a dataset without names
CHUNK_PX = 256


@contextmanager
def writing(path: Path, shape: tuple[int, ...], axes: str, calibration: Calibration) -> Iterator[WriteRows]:
    """Make a file of one float32 dataset; yields how to write rows into it: (plane, first row, rows (n, X))."""
    with h5py.File(path, "w") as file:
        chunks = (*[1] * (len(shape) - 2), *(min(CHUNK_PX, side) for side in shape[-2:]))
        # every pixel stands there s x s times: even the fastest compression finds that
        dataset = file.create_dataset("data", shape, np.float32, chunks=chunks, compression="gzip", compression_opts=1)
        dataset.attrs["axistags"], dataset.attrs["axis_units"] = _names(axes.lower(), calibration)

        def write(plane: int, row: int, rows: np.ndarray) -> None:
            index = map(int, np.unravel_index(plane, shape[:-2]))
            dataset[(*index, slice(row, row + len(rows)))] = rows

        yield write


def _names(axes: str, calibration: Calibration) -> tuple[str, str]:
    """Names and distances of axes, and the units of these distances, as JSON; unknown distances are 0, without unit."""
    told = {axis: value / 1e3 for axis in "xyz" if (value := getattr(calibration, f"{axis}_nm"))}
    told |= {"t": calibration.t_s} if calibration.t_s else {}
    tags = [
        {"key": axis, "typeFlags": TIME if axis == "t" else SPACE, "resolution": told.get(axis, 0), "description": ""}
        for axis in axes
    ]
    units = {axis: ("s" if axis == "t" else "µm") if axis in told else "" for axis in axes}
    return json.dumps({"axes": tags}), json.dumps(units)


def open_hdf5(path: Path, order: str) -> Pixels:
    """Open the planes of an HDF5 file: (N, Y, X), whatever the order of its axes.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    order : str
        Axes by which the planes are counted, slowest first, e.g. ``"TZ"``; every other axis is of length one.

    Raises
    ------
    DfcanError
        If the file is damaged, or it is not clear which dataset or which axes are meant.
    """
    with damage_named(path), h5py.File(path, "r") as file:
        dataset = file[_name(path, file)]
        name, shape, dtype, axes = dataset.name, dataset.shape, dataset.dtype, _axes(path, dataset)
    others = [place for place, axis in enumerate(axes) if axis not in "yx"]
    others.sort(key=lambda place: order.lower().find(axes[place]))
    lengths = tuple(shape[place] for place in others)

    def read_region(plane: int, rows: slice, columns: slice) -> np.ndarray:
        index: list[Any] = [None] * len(axes)
        index[axes.index("y")], index[axes.index("x")] = rows, columns
        for place, at in zip(others, np.unravel_index(plane, lengths), strict=True):
            index[place] = int(at)
        with h5py.File(path, "r") as file:
            region = file[name][tuple(index)]
        return region if axes.index("y") < axes.index("x") else region.T

    planes = (math.prod(lengths), shape[axes.index("y")], shape[axes.index("x")])
    return Pixels(path, planes, dtype, read_region)


def _name(path: Path, file: h5py.File) -> str:
    found: list[str] = []
    file.visititems(lambda name, entry: found.append(name) if isinstance(entry, h5py.Dataset) else None)
    if EXPORTED in found:
        return EXPORTED
    if len(found) != 1:
        datasets = f"{len(found)} datasets ({', '.join(found[:4])})" if found else "no dataset"
        raise DfcanError(f"{path} holds {datasets}: export to one called {EXPORTED} in a separate file")
    return found[0]


def _axes(path: Path, dataset: h5py.Dataset) -> str:
    try:
        axes = "".join(axis["key"] for axis in json.loads(dataset.attrs["axistags"])["axes"]).lower()
    except (KeyError, TypeError, ValueError):
        axes = UNNAMED.get(dataset.ndim, "")
    if len(axes) != dataset.ndim or not {"y", "x"} <= set(axes) <= set("tzyxc") or len(set(axes)) < len(axes):
        raise DfcanError(f"{path} has axes {axes or '?'} of shape {dataset.shape}: export images with y and x")
    return axes
