"""TIFF of every kind: mapped where the pixels lie in the file as in memory, else read by strips or tiles."""

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tifffile

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.decoded import remembered
from dfcan_bmz.formats.pixels import Opened, Pixels, ReadRegion, flattened, mapped
from dfcan_bmz.formats.png import COARSEST_NM, colour
from dfcan_bmz.formats.tiff_pages import refuse_endless_pages
from dfcan_bmz.formats.units import length_nm, tidy_axes

MOST_COMPRESSED = 5000  # times; above it, a header promises pixels that cannot be there
RESOLUTION_UNITS = {2: "inch", 3: "cm"}
JPEG = {6, 7, 33007, 34892}  # compressions whose tables lie apart from the strips

Page = tifffile.TiffPage | tifffile.TiffFrame


def open_tiff(path: Path) -> Opened:
    """Open a TIFF file.

    Raises
    ------
    DfcanError
        If it is truncated, a colour image, or holds images of several sizes.
    """
    refuse_endless_pages(path)
    with _damage_is_an_error(), tifffile.TiffFile(path) as file:
        series = file.series
        if len({one.shape for one in series}) > 1:
            raise DfcanError(f"{path} holds images of several sizes: save them as files of their own")
        axes, shape = series[0].axes, series[0].shape
        if "S" in axes or (len(shape) == 3 and shape[-1] in (3, 4) and axes[0] not in "ZT"):
            raise colour(path)
        if len(series) > 1:  # pages that were written one by one
            axes, shape = f"Q{axes}", (len(series), *shape)
        kept, places = tidy_axes(path, axes, shape)
        shape = tuple(shape[place] for place in places)
        if math.prod(shape) * series[0].dtype.itemsize > MOST_COMPRESSED * path.stat().st_size:
            raise DfcanError(f"{path} has a damaged header ({' x '.join(map(str, shape))} px): copy it again")
        flat = flattened(shape)
        pixels = Pixels(path, flat, series[0].dtype, _read_region(path, file, (1, *flat)[-3:]))
        return Opened(pixels, kept, *_sizes_nm(file), shape[:-2])


def _read_region(path: Path, file: tifffile.TiffFile, shape: tuple[int, int, int]) -> ReadRegion:
    """How to read regions of (N, Y, X), now that every page is known to be there as a whole."""
    series = file.series
    if len(series) == 1 and series[0].dataoffset is not None:
        _refuse_truncated(path, series[0].dataoffset + series[0].nbytes)
        return mapped(path, np.dtype(file.byteorder + series[0].dtype.char), series[0].dataoffset, shape)
    pages = [page for one in series for page in one.pages]
    if len(pages) != shape[0] or any(page is None or math.prod(page.shape) != shape[1] * shape[2] for page in pages):
        raise DfcanError(f"{path} lacks some of its planes, or keeps them in an unusual order: save it anew in Fiji")
    readers = [_page_reader(Path(page.parent.filehandle.path), page, shape[1:]) for page in pages]
    return lambda plane, rows, columns: readers[plane](rows, columns)


def _page_reader(path: Path, page: Page, shape: tuple[int, int]) -> Callable[[slice, slice], np.ndarray]:
    """How to read regions of one page: of its strips or tiles, those that the region touches."""
    offsets, lengths, keyframe = page.dataoffsets, page.databytecounts, page.keyframe
    _refuse_truncated(path, max(map(sum, zip(offsets, lengths, strict=True)), default=0))
    decode, opened = keyframe.decode, object()  # the object names this opening
    tables = {"jpegtables": page.jpegtables, "jpegheader": keyframe.jpegheader} if keyframe.compression in JPEG else {}
    height, width = (
        (keyframe.tilelength, keyframe.tilewidth) if keyframe.is_tiled else (keyframe.rowsperstrip, shape[1])
    )
    across = -(-shape[1] // width)
    fill, dtype = keyframe.nodata, keyframe.dtype

    def piece(index: int) -> np.ndarray:
        data = None
        if lengths[index]:
            with path.open("rb") as stream:
                stream.seek(offsets[index])
                data = stream.read(lengths[index])
        pixels, _, size = decode(data, index, **tables)
        if pixels is None:  # a piece that the writer left out
            return np.full(size[1:3], fill, dtype)
        return np.array(pixels.reshape(pixels.shape[1:3]), dtype)

    def read_region(rows: slice, columns: slice) -> np.ndarray:
        region = np.full((rows.stop - rows.start, columns.stop - columns.start), fill, dtype)
        for row in range(rows.start // height, -(-rows.stop // height)):
            for column in range(columns.start // width, -(-columns.stop // width)):
                index = row * across + column
                part = remembered((opened, index), lambda index=index: piece(index))
                top, left = row * height - rows.start, column * width - columns.start
                part = part[max(0, -top) :, max(0, -left) :]
                target = region[max(0, top) : max(0, top) + len(part), max(0, left) : max(0, left) + part.shape[1]]
                target[...] = part[: target.shape[0], : target.shape[1]]
        return region

    return read_region


def _refuse_truncated(path: Path, needed: int) -> None:
    present = path.stat().st_size
    if present < needed:
        raise DfcanError(f"{path} is truncated (it holds {present:,} of {needed:,} bytes): copy it again")


@contextmanager
def _damage_is_an_error() -> Iterator[None]:
    """Raise what tifffile only logs: of a truncated stack it would silently return the first planes."""
    complaints: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: complaints.append(record.getMessage())
    logger = logging.getLogger("tifffile")
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate
    if complaints:
        raise ValueError(complaints[0])


def _sizes_nm(file: tifffile.TiffFile) -> tuple[float | None, float | None]:
    """Side of a pixel and distance of planes in nanometres: as OME has them, else ImageJ, else the resolution tag."""
    if file.ome_metadata is not None:
        image = tifffile.xml2dict(file.ome_metadata)["OME"]["Image"]
        found = (image[0] if isinstance(image, list) else image)["Pixels"]
        return tuple(length_nm(found.get(f"PhysicalSize{a}"), found.get(f"PhysicalSize{a}Unit", "um")) for a in "XZ")
    tags, imagej = file.pages[0].tags, file.imagej_metadata
    pixels, length = tags["XResolution"].value if "XResolution" in tags else (0, 0)
    side = length / pixels if pixels else None
    if imagej is not None:
        return length_nm(side, imagej.get("unit")), length_nm(imagej.get("spacing"), imagej.get("unit"))
    unit = tags.get("ResolutionUnit")
    size = length_nm(side, RESOLUTION_UNITS.get(int(unit.value))) if unit else None
    return (size if size and size <= COARSEST_NM else None), None
