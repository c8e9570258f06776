"""OME-Zarr: the full resolution of a multiscale image, chunk by chunk (needs the extra ``[scale]``).

See https://ngff.openmicroscopy.org/0.5. A folder may hold several images, as bioformats2raw and plates have them::

    scan.zarr/0, scan.zarr/1 ...      series of bioformats2raw
    plate.zarr/A/1/0 ...              row, column and field of a plate
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.calibration import UNKNOWN, Calibration
from dfcan_bmz.formats.pixels import Opened, Pixels, flattened
from dfcan_bmz.formats.units import length_nm, place_nm, tidy_axes, time_s, unit_named

NAMELESS_AXES = {2: "YX", 3: "ZYX", 4: "CZYX", 5: "TCZYX"}  # of plain arrays, and of OME-Zarr before 0.3
MARKS = (".zattrs", ".zgroup", ".zarray", "zarr.json")
MOST_NAMED = 3  # of the images that a folder holds


def is_zarr(path: Path) -> bool:
    """Whether a folder is a Zarr group or array, or is called one."""
    return path.is_dir() and (path.suffix.lower() == ".zarr" or any((path / mark).is_file() for mark in MARKS))


def open_ome_zarr(path: Path) -> Opened:
    """Open an OME-Zarr image (0.1 to 0.5), the only one that a folder holds, one of its levels, or a plain Zarr array.

    Raises
    ------
    DfcanError
        If zarr is not installed, the folder holds no image, or several.
    """
    try:
        import zarr
    except ImportError as error:
        raise DfcanError(f"{path} is OME-Zarr, which needs zarr: pip install 'dfcan-bmz[scale]'") from error
    root = zarr.open(path, mode="r")
    node = root if isinstance(root, zarr.Array) else _image(path, root)
    notes: tuple[str, ...] = ()
    if isinstance(node, zarr.Array):
        array, (multiscale, level) = node, _level(path) if node is root else (None, None)
        notes = () if node is root else ("its metadata describe no image: its only array is read",)
    else:
        multiscale = _multiscales(node)[0]
        level = multiscale["datasets"][0]
        if (array := node.get(level["path"])) is None:
            raise DfcanError(f"{path} lacks its full resolution, {level['path']}: copy it again, as a whole")
    axes, calibration = NAMELESS_AXES.get(array.ndim, "?" * array.ndim), UNKNOWN
    if multiscale and level:
        try:
            axes, calibration, notes = _described(multiscale, level, array.ndim)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            notes = ("its axes and scales cannot be read: the pixel size is unknown",)
    kept, places = tidy_axes(path, axes, array.shape)
    shape = tuple(array.shape[place] for place in places)

    def read_region(plane: int, rows: slice, columns: slice) -> np.ndarray:
        index = dict(zip(places, np.unravel_index(plane, shape[:-2]) if shape[:-2] else (), strict=False))
        return array[(*(int(index.get(place, 0)) for place in range(array.ndim - 2)), rows, columns)]

    pixels = Pixels(path, flattened(shape), array.dtype, read_region)
    return Opened(pixels, kept, calibration.of_axes(kept), shape[:-2], notes)


def _multiscales(node: Any) -> list[dict[str, Any]]:
    found = _ome(node).get("multiscales")
    return [one for one in found if isinstance(one, dict) and one.get("datasets")] if isinstance(found, list) else []


def _ome(node: Any) -> dict[str, Any]:
    """Attributes of OME-Zarr, which have a place of their own since 0.5."""
    attributes = dict(node.attrs)
    ome = attributes.get("ome", attributes)
    return ome if isinstance(ome, dict) else {}


def _image(path: Path, node: Any) -> Any:
    """The group of the one image in a group; where none is described, the one array in it."""
    if _multiscales(node):
        return node
    found = list(islice(_inner(node, ""), MOST_NAMED + 1)) or sorted(node.array_keys())
    if not found:
        raise DfcanError(f"{path} is Zarr, but holds no OME-Zarr image: give the folder of one")
    if len(found) > 1:
        some = ", ".join(str(path / name) for name in found[:MOST_NAMED])
        more = " ..." if len(found) > MOST_NAMED else ""
        raise DfcanError(f"{path} holds several images: give one of them ({some}{more})")
    return node[found[0]]


def _inner(node: Any, name: str) -> Iterator[str]:
    """Paths of the images in a group: wells of a plate, fields of a well, series, or whatever groups there are."""
    if _multiscales(node):
        yield name
        return
    ome = _ome(node)
    parts = [part["path"] for part in (ome.get("plate") or {}).get("wells", [])]
    parts = parts or [part["path"] for part in (ome.get("well") or {}).get("images", [])]
    parts = parts or sorted(node.group_keys(), key=lambda key: (not key.isdigit(), len(key), key))
    for part in parts:
        if part not in ("OME", "labels") and part in node:
            yield from _inner(node[part], f"{name}/{part}".lstrip("/"))


def _level(path: Path) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The description of an array, where the group that it lies in has it as a level of an image."""
    import zarr

    if not is_zarr(path.absolute().parent):
        return None, None
    parent = zarr.open(path.absolute().parent, mode="r")
    for multiscale in _multiscales(parent) if isinstance(parent, zarr.Group) else []:
        for level in multiscale.get("datasets", []):
            if level.get("path") == path.name:
                return multiscale, level
    return None, None


def _described(
    multiscale: dict[str, Any], level: dict[str, Any], ndim: int
) -> tuple[str, Calibration, tuple[str, ...]]:
    """Letters of the axes, calibration and notes."""
    axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in multiscale.get("axes", NAMELESS_AXES[ndim])]
    if len(axes) != ndim:
        raise ValueError("as many axes as the array has")
    letters = "".join(str(axis["name"]).upper()[:1] for axis in axes)
    scale, shift = np.ones(ndim), np.zeros(ndim)
    shifted = False
    for holder in (level, multiscale):
        for transformation in holder.get("coordinateTransformations") or []:
            if transformation.get("type") == "scale":
                factor = np.array(transformation["scale"], float)
                with np.errstate(invalid="ignore"):  # an infinite scale, which is refused later on
                    scale, shift = scale * factor, shift * factor
            elif transformation.get("type") == "translation":
                shift, shifted = shift + np.array(transformation["translation"], float), True
    of = {
        letter: (axis.get("unit"), float(scale[i]), float(shift[i]))
        for i, (letter, axis) in enumerate(zip(letters, axes, strict=True))
    }
    sizes = {axis: length_nm(of[axis][1], of[axis][0]) if axis in of else None for axis in "XYZ"}
    places = {axis: place_nm(of[axis][2], of[axis][0]) if axis in of and shifted else None for axis in "XYZ"}
    for axis in "XY":  # a translation is that of a pixel's centre
        place, size = places[axis], sizes[axis]
        places[axis] = None if place is None or not size else place - size / 2
    interval = time_s(of["T"][1], of["T"][0]) if "T" in of else None
    unit = of["X"][0]
    notes: tuple[str, ...] = ()
    if sizes["X"] is None and (unit or of["X"][1] != 1):
        told = f"{of['X'][1]:g} {str(unit)[:20] if unit else 'without a unit'}"
        notes = (f"its scale along X, {told}, is not a length: the pixel size is unknown",)
    unit = unit_named(unit) if sizes["X"] else "um"
    (x, y, z), (left, top, first_plane) = sizes.values(), places.values()
    return letters, Calibration(x, y, z, interval, left, top, first_plane, unit), notes
