"""TIFF for ImageJ, or OME-TIFF where ImageJ's own kind cannot hold the pixels: written at once, or row by row."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import tifffile

from dfcan_bmz.formats.calibration import UNKNOWN, Calibration
from dfcan_bmz.formats.units import NANOMETRES

MOST_POSITIONS = 10_000  # planes whose positions are written; OME-XML has a line for each
LARGEST_FOR_IMAGEJ = 4 * 10**9  # bytes; above, ImageJ's own kind bends the TIFF standard

# (plane, first row, rows (n, X)) into a file that exists
WriteRows = Callable[[int, int, np.ndarray], None]


def options(
    shape: tuple[int, ...], dtype: np.dtype, axes: str, calibration: Calibration = UNKNOWN, notes: str = ""
) -> dict[str, Any]:
    """Arguments of ``tifffile.imwrite`` for pixels of this shape and type.

    Parameters are those of `dfcan_bmz.images.write`; `notes` is text for people, which Fiji shows under Image > Show
    Info (OME-TIFF: the image's description).
    """
    nbytes = math.prod(shape) * np.dtype(dtype).itemsize
    for_imagej = dtype in (np.uint8, np.uint16, np.float32) and nbytes <= LARGEST_FOR_IMAGEJ
    for_imagej = for_imagej and sorted(axes, key="TZCYX".index) == list(axes)
    # ImageJ's one unit is that of the pixels too: without their size they would count as one unit each
    sizes = (calibration.x_nm, calibration.y_nm)
    for_imagej = for_imagej and (None not in sizes or (sizes == (None, None) and calibration.z_nm is None))
    written = _for_imagej(calibration) if for_imagej else {"metadata": _for_ome(calibration, shape, axes)}
    written["metadata"] |= {"axes": axes} | ({"Info" if for_imagej else "Description": notes} if notes else {})
    kind = {"imagej": for_imagej, "ome": not for_imagej, "bigtiff": nbytes > LARGEST_FOR_IMAGEJ}
    # grey, also where an image is three or four pixels wide
    return {**kind, "photometric": "minisblack", **written}


def _for_imagej(calibration: Calibration) -> dict[str, Any]:
    """Resolution in pixels a unit, distances in that unit, origins in pixels."""
    metadata: dict[str, Any] = {} if calibration.t_s is None else {"finterval": calibration.t_s}
    if calibration.x_nm is None or calibration.y_nm is None:
        return {"metadata": metadata}
    nm = NANOMETRES[calibration.unit]
    metadata["unit"] = calibration.unit
    if calibration.z_nm is not None:
        metadata["spacing"] = calibration.z_nm / nm
    sizes = {"x": calibration.x_nm, "y": calibration.y_nm, "z": calibration.z_nm}
    for axis, place in _places(calibration).items():
        if size := sizes[axis]:
            metadata[f"{axis}origin"] = -place / size + 0.0
    return {"metadata": metadata, "resolution": (nm / calibration.x_nm, nm / calibration.y_nm)}


def _for_ome(calibration: Calibration, shape: tuple[int, ...], axes: str) -> dict[str, Any]:
    """Sizes in micrometres, and the origin as the position of each plane."""
    sizes = {"X": calibration.x_nm, "Y": calibration.y_nm, "Z": calibration.z_nm}
    metadata: dict[str, Any] = {f"PhysicalSize{axis}": size / 1e3 for axis, size in sizes.items() if size is not None}
    if calibration.t_s is not None:
        metadata["TimeIncrement"] = calibration.t_s
    planes = math.prod(shape[:-2])
    if (places := _places(calibration)) and planes <= MOST_POSITIONS:
        plane: dict[str, list[Any]] = {}
        indices = np.indices(shape[:-2])[axes.index("Z")].ravel() if "Z" in axes else np.zeros(planes)
        steps = indices * (calibration.z_nm or 0.0)
        for axis, place in places.items():
            along = place + steps if axis == "z" else np.full(planes, place)
            plane[f"Position{axis.upper()}"] = (along / 1e3).tolist()
            plane[f"Position{axis.upper()}Unit"] = ["µm"] * planes
        metadata["Plane"] = plane
    return metadata


def _places(calibration: Calibration) -> dict[str, float]:
    found = {"x": calibration.origin_x_nm, "y": calibration.origin_y_nm, "z": calibration.origin_z_nm}
    return {axis: place for axis, place in found.items() if place is not None}


def create_tiff(path: Path, shape: tuple[int, ...], dtype: np.dtype, **settings: Any) -> None:
    """Write a TIFF whose pixels are 0 and take no room on the disk yet; `settings` are those of `options`."""
    tifffile.memmap(path, shape=shape, dtype=dtype, **options(shape, dtype, **settings))


def tiff_notes(path: Path) -> str:
    """The `notes` of a file of `create_tiff`; empty where there are none, or the file is none."""
    try:
        with tifffile.TiffFile(path) as file:
            if file.ome_metadata:
                return str(tifffile.xml2dict(file.ome_metadata)["OME"]["Image"].get("Description", ""))
            return str((file.imagej_metadata or {}).get("Info", "")) or file.pages[0].description
    except (OSError, tifffile.TiffFileError, KeyError, AttributeError, ElementTree.ParseError):
        return ""  # the last three: OME-XML by others


def tiff_writer(path: Path) -> WriteRows:
    """How to write rows into a file of `create_tiff`."""
    with tifffile.TiffFile(path) as file:
        series = file.series[0]
        offset, (height, width) = series.dataoffset, series.shape[-2:]
        dtype = np.dtype(series.dtype).newbyteorder(file.byteorder)

    def write(plane: int, row: int, rows: np.ndarray) -> None:
        with path.open("r+b") as stream:
            stream.seek(offset + (plane * height + row) * width * dtype.itemsize)
            stream.write(np.ascontiguousarray(rows, dtype).data)

    return write
