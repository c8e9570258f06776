"""OME-XML in the description of a TIFF file: which planes are in this file, and their calibration.

A file of a series describes the whole series. Its own planes are those whose ``TiffData`` carry its own UUID, under
whatever name it goes; without UUIDs, those that name it, or all. What is described may also lie in a companion: a file
beside it, OME-XML or the first OME-TIFF of the series (Bio-Formats, Bruker's Prairie View, Micro-Manager).
See https://docs.openmicroscopy.org/ome-model/6.3.1/ome-tiff/specification.html.
"""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from dfcan_bmz.formats.calibration import UNKNOWN, Calibration
from dfcan_bmz.formats.units import NANOMETRES, length_nm, place_nm, time_s, unit_named

TextOf = Callable[[Path], str]  # the description of a TIFF file
LARGEST_COMPANION = 256 * 2**20  # bytes
ELEMENT = ElementTree.Element


class Described(NamedTuple):
    """What OME-XML says about a file.

    Attributes
    ----------
    axes, sizes : str, tuple of int
        Before Y and X.
    order : tuple of int
        For each plane, the number of its page in the file.
    calibration : Calibration
        Of the first image that has planes in this file.
    notes : tuple of str
        One line each.
    """

    axes: str
    sizes: tuple[int, ...]
    order: tuple[int, ...]
    calibration: Calibration
    notes: tuple[str, ...] = ()


class _Own(NamedTuple):
    """The planes that an image of the description has in this file: page and place along each axis."""

    pixels: ELEMENT
    places: dict[int, dict[str, int]]


def is_ome(text: str) -> bool:
    """Whether a description is OME-XML."""
    start = text[:5000]
    return text.lstrip("\ufeff \n\r\t").startswith("<") and ("<OME" in start or ":OME" in start)


def describe(text: str, path: Path, pages: int, text_of: TextOf) -> Described:
    """Find out which of the described planes are in this file, and how they lie in space.

    Parameters
    ----------
    text : str
        OME-XML.
    path : pathlib.Path
        The file that has it as its description.
    pages : int
        How many pages the file has.
    text_of : callable
        Gives the description of another TIFF file, as a companion may be one.

    Raises
    ------
    ValueError, xml.etree.ElementTree.ParseError
        If it cannot be read; `stacked` is what remains then.
    """
    root = _parsed(text)
    uuid = root.get("UUID")
    notes: tuple[str, ...] = ()
    binary_only = root.find("{*}BinaryOnly")
    if binary_only is not None:
        name = binary_only.get("MetadataFile", "")
        companion = _companion(path, name, text_of)
        if companion is None:
            return stacked(pages, notes=(f"its metadata are in {name}, which is not beside it",))
        root = companion
    found = (image.find("{*}Pixels") for image in root.iterfind("{*}Image"))
    every = [pixels for pixels in found if pixels is not None]
    owns = list(_owns(every, uuid, path.name, pages))
    calibration, odd = _calibration(every, owns)
    told = sorted(page for own in owns for page in own.places)
    here = [own._replace(places={page: place for page, place in own.places.items() if page < pages}) for own in owns]
    if told and told[-1] >= pages:
        notes = (f"its OME-XML lists {told[-1] + 1} pages, of which the file holds {pages}",)
    if [page for page in told if page < pages] != list(range(pages)):
        which = (
            "does not say which planes it holds" if not told else "does not list all of its pages, or lists one twice"
        )
        notes = (f"its OME-XML {which}: they are read in the order of the file",) if pages > 1 or told else ()
        return stacked(pages, calibration, (*notes, *odd))
    notes = (*notes, *odd)
    filled = [_grid(own) for own in here if own.places]
    grids = [grid for grid in filled if grid is not None]
    if len(grids) < len(filled):
        unfilled = "the planes that its OME-XML lists fill no stack: they are read in the order of the file"
        return stacked(pages, calibration, (*notes, unfilled))
    if len(grids) > 1:  # the planes of several images are no steps along Z or T
        one = f"it holds {len(grids)} images, whose planes are read as one stack"
        order = tuple(page for grid in grids for page in grid[2])
        return Described("Q", (len(order),), order, calibration.of_axes("YX"), (*notes, one))
    return Described(*grids[0], calibration, notes)


def stacked(pages: int, calibration: Calibration = UNKNOWN, notes: tuple[str, ...] = ()) -> Described:
    """All pages as one stack, in the order of the file."""
    return Described("Q" if pages > 1 else "", (pages,) if pages > 1 else (), tuple(range(pages)), calibration, notes)


def _parsed(text: str) -> ELEMENT:
    root = ElementTree.fromstring(text.strip("\0\ufeff \n\r\t"))
    if root.tag.rpartition("}")[2] != "OME":
        raise ValueError("no OME-XML")
    return root


def _companion(path: Path, name: str, text_of: TextOf) -> ELEMENT | None:
    """OME-XML in a file beside this one; None where there is none. No other folder is looked into."""
    companion = path.parent / name
    if not name or Path(name).name != name or companion == path or not companion.is_file():
        return None
    if companion.stat().st_size > LARGEST_COMPANION and not name.lower().endswith((".tif", ".tiff", ".btf", ".tf8")):
        return None
    with companion.open("rb") as file:
        is_xml = file.read(100).lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<")
    return _parsed(companion.read_text(encoding="utf-8", errors="replace") if is_xml else text_of(companion))


def _owns(every: list[ELEMENT], uuid: str | None, name: str, pages: int) -> Iterator[_Own]:
    """Of each image's ``Pixels``, the planes that are in the file of this UUID or name; those without are left out."""
    entries = [data for pixels in every for data in pixels.iterfind("{*}TiffData")]
    files = {id(data): _file_of(data) for data in entries}
    uuids = {found.lower() for found, _ in files.values() if found}
    names = {found for _, found in files.values() if found}
    for pixels in every:
        places: dict[int, dict[str, int]] = {}
        lengths = _lengths(pixels)
        own = pixels.findall("{*}TiffData")
        if not own and not entries and len(every) == 1:
            own = [ElementTree.Element("TiffData")]
        for data in own:
            its_uuid, its_name = files.get(id(data), (None, None))
            if uuid and its_uuid and uuid.lower() in uuids:
                here = its_uuid.lower() == uuid.lower()
            elif its_name and name in names:
                here = its_name == name
            else:
                here = len(uuids) < 2 and len(names) < 2
            if here:
                places |= dict(_places(data, lengths, pages))
        if places:
            yield _Own(pixels, places)


def _file_of(data: ELEMENT) -> tuple[str | None, str | None]:
    """UUID and name of the file that holds the planes of a ``TiffData``."""
    element = data.find("{*}UUID")
    return (None, None) if element is None else ((element.text or "").strip() or None, element.get("FileName"))


def _places(data: ELEMENT, lengths: dict[str, int], pages: int) -> Iterator[tuple[int, dict[str, int]]]:
    """Page and place along each axis of the planes of one ``TiffData``, of axes of these `lengths`."""
    sizes, first = list(lengths.values()), [_whole(data.get(f"First{axis}"), 0) for axis in lengths]
    page = _whole(data.get("IFD"), 0)
    count = _whole(data.get("PlaneCount"), 1 if data.get("IFD") is not None else math.prod(sizes))
    start = first[0] + sizes[0] * (first[1] + sizes[1] * first[2])
    for index in range(min(count, 2 * pages + 1)):
        place, rest = {}, start + index
        for axis, size in lengths.items():
            place[axis], rest = rest % max(1, size), rest // max(1, size)
        yield page + index, place


def _lengths(pixels: ELEMENT) -> dict[str, int]:
    """Lengths of the axes of the planes, the fastest first."""
    samples = max((_whole(one.get("SamplesPerPixel"), 1) for one in pixels.iterfind("{*}Channel")), default=1)
    lengths = {axis: _whole(pixels.get(f"Size{axis}"), 1) for axis in _axes(pixels)}
    return lengths | {"C": lengths["C"] // samples}


def _axes(pixels: ELEMENT) -> str:
    """Axes of the planes, the fastest first."""
    axes = pixels.get("DimensionOrder", "XYCZT")[2:]
    return axes if sorted(axes) == list("CTZ") else "CZT"


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.strip().isdigit() else otherwise


def _grid(own: _Own) -> tuple[str, tuple[int, ...], tuple[int, ...]] | None:
    """Axes, sizes and pages of planes that fill a stack; None where they do not."""
    axes = _axes(own.pixels)[::-1]
    values = [sorted({place[axis] for place in own.places.values()}) for axis in axes]
    page_at = {tuple(place[axis] for axis in axes): page for page, place in own.places.items()}
    if math.prod(map(len, values)) != len(own.places) or len(page_at) < len(own.places):
        return None
    order = tuple(page_at[place] for place in sorted(page_at))
    return axes, tuple(map(len, values)), order


def _sizes(pixels: ELEMENT) -> tuple[list[float | None], tuple[str, ...]]:
    """Width, height and distance of planes in nanometres, and a note where one of them is told as no length."""
    told = [(pixels.get(f"PhysicalSize{axis}"), pixels.get(f"PhysicalSize{axis}Unit", "um")) for axis in "XYZ"]
    x, y, z = (length_nm(*one) for one in told)
    if any(size is None and one[0] is not None for size, one in zip((x, y, z), told, strict=True)):
        unknown = None in (x, y)
        note = "its OME-XML has a size that is no positive length: what it is the size of is unknown"
        return [None if unknown else x, None if unknown else y, z], (note,)
    return [x or y, y or x, z], ()


def _calibration(every: list[ELEMENT], owns: list[_Own]) -> tuple[Calibration, tuple[str, ...]]:
    """Of the first image in this file, or of the first that is described; and notes."""
    if not every:
        return UNKNOWN, ()
    pixels = owns[0].pixels if owns else every[0]
    (x, y, z), notes = _sizes(pixels)
    planes = pixels.findall("{*}Plane")
    here = [place for own in owns[:1] for place in own.places.values()]
    first = {axis: min(place[axis] for place in here) for axis in "ZCT"} if here else {}
    at_first = [one for one in planes if all(_whole(one.get(f"The{axis}"), 0) == at for axis, at in first.items())]
    left, top, first_plane = (
        place_nm(at_first[0].get(f"Position{axis}"), at_first[0].get(f"Position{axis}Unit", "")) if at_first else None
        for axis in "XYZ"
    )
    interval = time_s(pixels.get("TimeIncrement"), pixels.get("TimeIncrementUnit", "s")) or _interval(planes)
    unit = unit_named(pixels.get("PhysicalSizeXUnit", "um"))
    unit = unit if unit in NANOMETRES else "um"
    return Calibration(x, y, z, interval, left, top, first_plane, unit), notes


def _interval(planes: list[ELEMENT]) -> float | None:
    """Mean interval of the frames by the times of their first planes, as Micro-Manager has them."""
    times = {}
    for plane in planes:
        if not (_whole(plane.get("TheZ"), 0) or _whole(plane.get("TheC"), 0)):
            time = time_s(plane.get("DeltaT"), plane.get("DeltaTUnit", "s")) or 0.0
            times[_whole(plane.get("TheT"), 0)] = time
    first, last = (min(times), max(times)) if times else (0, 0)
    return time_s((times[last] - times[first]) / (last - first), "s") if last > first else None
