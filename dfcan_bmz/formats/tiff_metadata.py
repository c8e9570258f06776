"""What a TIFF file tells beside its pixels. Whatever it tells wrongly or not at all costs a note, never the pixels."""

import json
import logging
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tifffile

from dfcan_bmz.formats import ome_xml
from dfcan_bmz.formats.calibration import UNKNOWN, Calibration
from dfcan_bmz.formats.png import COARSEST_NM
from dfcan_bmz.formats.tiff_pages import Page, repeated
from dfcan_bmz.formats.units import NANOMETRES, length_nm, number, time_s, unit_named

DESCRIPTION, MICRO_MANAGER = 270, 51123
RESOLUTION_UNITS = {2: "inch", 3: "cm"}
UNITLESS = {"", "pixel", "pixels", "px", "none", "null"}
LARGEST_DESCRIPTION = 2**28  # bytes
# kinds whose planes tifffile knows to arrange: programs with conventions of their own
ARRANGED = {"shaped", "lsm", "stk", "fluoview", "nih", "sis", "fei", "scanimage"}


class Told(NamedTuple):
    """Axes before Y and X, their sizes, the page of each plane, the calibration, ImageJ's fields, and notes."""

    axes: str
    sizes: tuple[int, ...]
    pages: list[Page]
    calibration: Calibration
    imagej: dict[str, str]
    notes: tuple[str, ...]


def read_metadata(path: Path, file: tifffile.TiffFile, pages: list[Page]) -> Told:
    """Read what the descriptions and tags of the first page say about all pages."""
    notes: list[str] = []
    texts = descriptions(path, file)
    ome = next(filter(ome_xml.is_ome, texts), None)
    imagej = next((text for text in texts if text.startswith(("ImageJ=", "SCIFIO="))), None)
    fields = _fields(imagej) if imagej else {}
    calibration, found = UNKNOWN, None
    if ome is not None:
        try:
            found = ome_xml.describe(ome, path, len(pages), first_description)
        except Exception as error:  # whatever strangers write into XML
            notes.append(f"its OME-XML cannot be read ({_reason(error)})")
        else:
            calibration, pages = found.calibration, [pages[index] for index in found.order]
            notes += found.notes
    elif imagej is not None:
        pages, arranged, told = _imagej_planes(path, pages, fields)
        found = ome_xml.stacked(len(pages))._replace(axes=arranged[0], sizes=arranged[1])
        notes += told
    else:
        pages, found = _arranged(path, file, pages)
    if found is None:
        found = ome_xml.stacked(len(pages))
    calibration = calibration.or_else(_of_tags(file, fields, notes))
    return Told(found.axes, found.sizes, pages, calibration, fields, tuple(notes))


def descriptions(path: Path, file: tifffile.TiffFile) -> list[str]:
    """Descriptions of the first page; Micro-Manager writes two of them."""
    with path.open("rb") as stream:
        found = []
        for tag in file.pages[0].tags.getall(DESCRIPTION, []):
            stream.seek(tag.valueoffset)
            found.append(_decoded(stream.read(min(tag.valuebytecount, LARGEST_DESCRIPTION))))
    return found


def first_description(path: Path) -> str:
    """OME-XML of another TIFF file."""
    with quietly(), tifffile.TiffFile(path) as file:
        return next(filter(ome_xml.is_ome, descriptions(path, file)), "")


def _decoded(content: bytes) -> str:
    """Text in whatever encoding: that of its first bytes, UTF-8, or else Latin-1, in which every byte is a letter."""
    wide = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}.get(content[:2])
    if wide is None and content[1:2] == b"\0" and content[3:4] == b"\0":
        wide = "utf-16-le"
    if wide is None and content[:1] == b"\0" and content[2:3] == b"\0":
        wide = "utf-16-be"
    if wide is not None:
        return content[: len(content) // 2 * 2].decode(wide, "replace").strip("\0\ufeff \r\n\t")
    with suppress(UnicodeDecodeError):
        return content.decode("utf-8-sig").strip("\0 \r\n\t")
    return content.decode("latin-1").strip("\0 \r\n\t")


def _fields(text: str) -> dict[str, str]:
    """Lines ``key=value`` of ImageJ's description, in which letters beyond ASCII are escaped as Java has them."""
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    pairs = (line.partition("=") for line in text.splitlines())
    return {key.strip(): value.strip() for key, found, value in pairs if found}


def _imagej_planes(
    path: Path, pages: list[Page], fields: dict[str, str]
) -> tuple[list[Page], tuple[str, tuple[int, ...]], list[str]]:
    """Planes, their axes and sizes, and notes. Large stacks of ImageJ have one page, behind which all planes lie."""
    order = fields.get("order", "").upper()  # the fastest axis first
    axes = order[::-1] if sorted(order) == list("CTZ") else "TZC"
    sizes = tuple(_count(fields, {"T": "frames", "Z": "slices", "C": "channels"}[axis]) for axis in axes)
    count = _count(fields, "images") if "images" in fields else math.prod(sizes)
    notes = []
    if len(pages) == 1 and count > 1:
        pages = repeated(path, pages[0], count) or pages
    if len(pages) != count:
        notes.append(f"ImageJ's description lists {count} planes, and the file holds {len(pages)}")
    if math.prod(sizes) == len(pages):
        return pages, (axes, sizes), notes
    if math.prod(sizes) > 1 and not notes:
        notes.append("ImageJ's description lists more or fewer channels, slices and frames than there are planes")
    return pages, ome_xml.stacked(len(pages))[:2], notes


def _count(fields: dict[str, str], key: str) -> int:
    value = number(fields.get(key))
    return int(value) if value is not None and 1 <= value < 2**31 else 1


def _arranged(path: Path, file: tifffile.TiffFile, pages: list[Page]) -> tuple[list[Page], Any]:
    """Planes as tifffile arranges them, where it knows the program that wrote them and all pages take part."""
    try:
        if not ARRANGED & file.flags:
            return pages, None
        series = file.series[0]
        leading = [(axis, int(size)) for axis, size in zip(series.axes, series.shape, strict=True) if axis not in "YX"]
        axes, sizes = "".join(axis for axis, _ in leading), tuple(size for _, size in leading)
    except Exception:  # whatever strangers write into tags
        return pages, None
    if len(pages) == 1 and math.prod(sizes) > 1:
        pages = repeated(path, pages[0], math.prod(sizes)) or pages
    named = len(axes) < 2 or set(axes) <= set("TZC")
    if math.prod(sizes) != len(pages) or not named:
        return pages, None
    return pages, ome_xml.Described(axes, sizes, tuple(range(len(pages))), UNKNOWN)


def _of_tags(file: tifffile.TiffFile, imagej: dict[str, str], notes: list[str]) -> Calibration:
    """Calibration by ImageJ's fields and the tags of resolution, or by tags of microscopes' programs."""
    for read in (_of_lsm, _of_stk, _of_micro_manager):
        with suppress(Exception):  # whatever strangers write into tags
            if (found := read(file)) is not None:  # Micro-Manager keeps distances of planes for ImageJ alone
                return found.or_else(_of_imagej(None, None, unit_named(imagej.get("unit", "um")), imagej))
    tags = file.pages[0].tags
    x, y = (_per_unit(tags[name].value) if name in tags else None for name in ("XResolution", "YResolution"))
    kind = tags["ResolutionUnit"].value if "ResolutionUnit" in tags else 2
    unit = RESOLUTION_UNITS.get(int(kind) if isinstance(kind, int) else 0)
    if imagej and (told := unit_named(imagej.get("unit", ""))) not in UNITLESS:
        unit = told
        if unit not in NANOMETRES:
            notes.append(f"its unit of length, {imagej['unit'][:20]!r}, is not known: the pixel size is unknown")
            return UNKNOWN
    elif imagej and "unit" in imagej:
        unit = None
    if not imagej and kind not in (1, *RESOLUTION_UNITS):
        notes.append(f"its unit of resolution, {str(kind)[:20]}, is not one of TIFF's: the pixel size is unknown")
    if unit is None:
        return Calibration(t_s=_frame_interval(imagej))
    if "XResolution" in tags and (x is None or y is None):
        notes.append("its tags of resolution hold no positive numbers: the pixel size is unknown")
    if imagej and "unit" in imagej:
        return _of_imagej(x, y, unit, imagej)
    x_nm, y_nm = (length_nm(side, unit) if x and y else None for side in (x, y))
    if x_nm is None or y_nm is None or max(x_nm, y_nm) > COARSEST_NM:
        return Calibration(t_s=_frame_interval(imagej))
    return Calibration(x_nm, y_nm, t_s=_frame_interval(imagej), unit=unit)


def _of_imagej(x: float | None, y: float | None, unit: str, fields: dict[str, str]) -> Calibration:
    """ImageJ's calibration of pixels of `x` and `y` units; its origins are in pixels."""
    units = {axis: fields.get(f"{axis}unit", unit) for axis in "yz"}
    if x is None or y is None:
        return Calibration(z_nm=_spacing(fields, units["z"]), t_s=_frame_interval(fields), unit=unit)
    sides = length_nm(x, unit), length_nm(y, units["y"]), _spacing(fields, units["z"])
    places = (number(fields.get(f"{axis}origin")) for axis in "xyz")
    origins = (
        None if place is None or side is None else -place * side for place, side in zip(places, sides, strict=True)
    )
    (x_nm, y_nm, z_nm), (left, top, first_plane) = sides, origins
    return Calibration(x_nm, y_nm, z_nm, _frame_interval(fields), left, top, first_plane, unit)


def _spacing(fields: dict[str, str], unit: str) -> float | None:
    """Distance of planes; negative where a stack was taken from above, which ImageJ ignores."""
    distance = number(fields.get("spacing"))
    return length_nm(distance and abs(distance), unit)


def _frame_interval(fields: dict[str, str]) -> float | None:
    return time_s(fields.get("finterval"), fields.get("tunit", "s"))


def _per_unit(value: Any) -> float | None:
    """Side of a pixel by a tag of resolution, a fraction; None where it is none."""
    pair = np.ravel(value) if isinstance(value, (tuple, list, np.ndarray)) else (value, 1)
    if isinstance(value, (str, bytes)) or len(pair) != 2:
        return None
    above, below = (number(one) for one in pair)
    return below / above if above and below and above > 0 and below > 0 else None


def _of_lsm(file: tifffile.TiffFile) -> Calibration | None:
    if not file.is_lsm:
        return None
    found = file.lsm_metadata
    x, y, z = (length_nm(found.get(f"VoxelSize{axis}"), "m") for axis in "XYZ")
    return Calibration(x, y, z, time_s(found.get("TimeIntervall"), "s"))


def _of_stk(file: tifffile.TiffFile) -> Calibration | None:
    if not file.is_stk:
        return None
    found = file.stk_metadata
    x, y = (length_nm(found.get(f"{axis}Calibration"), found.get("CalibrationUnits")) for axis in "XY")
    steps = np.ravel(found.get("ZDistance", ()))
    return Calibration(x, y, length_nm(steps[0], "um") if len(steps) else None)


def _of_micro_manager(file: tifffile.TiffFile) -> Calibration | None:
    tag = file.pages[0].tags.get(MICRO_MANAGER)
    found = tag.value if tag is not None else None
    found = json.loads(found) if isinstance(found, (str, bytes)) else found
    side = length_nm(found.get("PixelSizeUm", found.get("PixelSize_um")), "um") if found else None
    return Calibration.square(side) if side else None


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:80]


@contextmanager
def quietly() -> Iterator[None]:
    """Keep what tifffile logs of odd metadata to ourselves: what matters of it is told in words of our own."""
    logger = logging.getLogger("tifffile")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)
