"""Micrographs at the door: reading with a clear refusal, writing for ImageJ."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.formats import tiff_output
from dfcan_bmz.formats.mrc import open_mrc
from dfcan_bmz.formats.ome_zarr import open_ome_zarr
from dfcan_bmz.formats.ome_zarr_output import create_ome_zarr, zarr_array, zarr_notes
from dfcan_bmz.formats.pixels import Pixels, damage_named
from dfcan_bmz.formats.png import open_png
from dfcan_bmz.formats.tiff import open_tiff
from dfcan_bmz.formats.vendor import open_vendor
from dfcan_bmz.names import escaped, legible

OPENERS = {
    ".tif": open_tiff,
    ".tiff": open_tiff,
    ".btf": open_tiff,
    ".tf8": open_tiff,
    ".png": open_png,
    ".mrc": open_mrc,
    ".zarr": open_ome_zarr,
    ".czi": open_vendor,
    ".nd2": open_vendor,
    ".lif": open_vendor,
}
NOTES = {"", ".csv", ".db", ".ini", ".json", ".log", ".md", ".pdf", ".tsv", ".txt", ".xml", ".yaml", ".yml"}


@dataclass(frozen=True)
class Image:
    """A grey-level micrograph.

    Attributes
    ----------
    path : pathlib.Path
        Where it was read.
    pixels : numpy.ndarray or Pixels
        (Y, X) or (T/Z, Y, X), in the file's own type; in memory after `read`, in the file after `open_lazily`.
    axes : str
        ``"YX"``, ``"ZYX"`` or ``"TYX"``.
    pixel_size_nm : float or None
        Side of a pixel in nanometres, None where the file does not say.
    z_step_nm : float or None
        Distance of the planes of a ZYX stack in nanometres, None where the file does not say.
    leading : tuple of int
        Lengths of the axes before Y and X in the file; `open_planes` finds several, as in ``"TCYX"``, whose planes
        are one axis of `pixels`.
    """

    path: Path
    pixels: np.ndarray | Pixels
    axes: str
    pixel_size_nm: float | None
    z_step_nm: float | None = None
    leading: tuple[int, ...] = ()

    @property
    def planes(self) -> np.ndarray | Pixels:
        """(N, Y, X) in the file's own type: a single image is a stack of one."""
        if isinstance(self.pixels, Pixels):
            return self.pixels.as_stack()
        return self.pixels.reshape(-1, *self.pixels.shape[-2:])


def stem_of(path: Path) -> str:
    """Name of an image's outputs: that of its file, byte by byte, without ``.tif``, ``.ome.tif`` and the like."""
    return path.stem.removesuffix(".ome")


def name_of(path: Path) -> str:
    """Name by which an image is paired, and which tables have for it: `stem_of` as `dfcan_bmz.names.legible` text."""
    return legible(stem_of(path))


def is_folder_of_images(path: Path) -> bool:
    """Whether images lie in `path`; an OME-Zarr image is a folder too, but one image."""
    return path.is_dir() and path.suffix != ".zarr"


def find(folder: Path) -> dict[str, Path]:
    """Images of a folder by name (see `name_of`), sorted by file.

    Of files whose names differ in their bytes alone, one has the name that they share, and the others keep their own.

    Raises
    ------
    DfcanError
        If the folder is missing, holds no image, or holds two images of one name.
    """
    if not folder.is_dir():
        raise DfcanError(f"{folder} is not a folder: give a folder of images")
    found: dict[str, Path] = {}
    paths = [path for path in folder.iterdir() if path.suffix.lower() in OPENERS and path.name[0] != "."]
    for path in sorted(paths, key=lambda path: (stem_of(path) != name_of(path), path)):
        name, stem = name_of(path), stem_of(path)
        if name in found and stem_of(found[name]) != stem:
            name = escaped(stem)
        if name in found:
            raise DfcanError(f"{path} and {found[name].name} share a name: rename one of them")
        found[name] = path
    if not found:
        raise DfcanError(f"{folder} holds no image: put {', '.join(OPENERS)} files there")
    return dict(sorted(found.items(), key=lambda item: item[1]))


def others(folder: Path) -> list[Path]:
    """Files of a folder that `find` passes over although they may be images, of a format that is not read here."""
    known = OPENERS.keys() | NOTES
    return sorted(path for path in folder.iterdir() if path.suffix.lower() not in known and path.name[0] != ".")


def open_lazily(path: Path) -> Image:
    """Open a grey-level image of any size, without reading its pixels.

    Parameters
    ----------
    path : pathlib.Path
        A TIFF (single image or stack), PNG, MRC, OME-Zarr, CZI, ND2 or LIF image, 8- to 64-bit integers or floating
        point.

    Returns
    -------
    Image
        Its `pixels` and `planes` are sliced like NumPy arrays and read what a slice needs; a slice that holds NaN or
        infinity, or a damaged part of the file, is refused when it is read.

    Raises
    ------
    DfcanError
        If the file is missing, truncated or otherwise damaged, or no grey-level image: colour, complex, boolean,
        several channels, more than three axes.
    """
    image = open_planes(path)
    if "C" in image.axes:
        raise DfcanError(f"{path} has several channels: split them and give one file a channel")
    if len(image.axes) > 3:
        raise DfcanError(f"{path} has axes {image.axes}: give images (Y, X) or stacks (Z or T, Y, X)")
    return image


def open_planes(path: Path) -> Image:
    """Open an image as `open_lazily` does, also one of several channels or stacks, as independent planes."""
    if not path.exists():
        raise DfcanError(f"{path} does not exist: check the path")
    if not (path.is_file() or path.is_dir()):
        raise DfcanError(f"{path} is a pipe or a device: give a file")
    with damage_named(path):
        image = Image(path, *OPENERS.get(path.suffix.lower(), open_tiff)(path))
    dtype = image.pixels.dtype
    if np.issubdtype(dtype, np.complexfloating):
        raise DfcanError(f"{path} holds complex numbers: save its magnitude as a float image")
    if not (np.issubdtype(dtype, np.integer) or np.issubdtype(dtype, np.floating)):
        raise DfcanError(f"{path} is a {dtype} image (a mask?): give the grey-level image")
    return image


def read(path: Path) -> Image:
    """Read a grey-level image into memory; see `open_lazily` for what is read and what is refused."""
    return in_memory(open_lazily(path))


def in_memory(image: Image) -> Image:
    """The image with its pixels read."""
    return replace(image, pixels=np.asarray(image.pixels))


def intensity_range(pixels: np.ndarray) -> float:
    """Range that relative noise and the "raw" peak signal refer to, in the image's own units.

    255 for 8-bit images, which fill their range; the span from the 0.1st to the 99.9th percentile for every other
    type, since 16-bit cameras rarely do.
    """
    if pixels.dtype == np.uint8:
        return 255.0
    low, high = np.percentile(pixels.astype(np.float64, copy=False), (0.1, 99.9))
    return float(high - low)


def writable(pixels: np.ndarray) -> np.ndarray:
    """Pixels in a type that ImageJ knows (8-bit, 16-bit or float32) where that keeps every value, else as they are."""
    if pixels.dtype in (np.uint8, np.uint16):
        return pixels
    as_float = pixels.astype(np.float32)
    return as_float if np.array_equal(as_float.astype(pixels.dtype), pixels) else pixels


def write(
    path: Path,
    pixels: np.ndarray,
    axes: str = "YX",
    pixel_size_nm: float | None = None,
    z_step_nm: float | None = None,
    info: dict[str, Any] | None = None,
) -> None:
    """Write a TIFF that ImageJ opens with its calibration.

    Parameters
    ----------
    path : pathlib.Path
        Ends in ``.tif``.
    pixels : numpy.ndarray
        uint8, uint16 or float32, shaped as `axes` says; what `writable` leaves in another type becomes an OME-TIFF.
    axes : str
        ``"YX"``, ``"ZYX"`` or ``"TYX"``.
    pixel_size_nm : float, optional
        Side of a pixel in nanometres.
    z_step_nm : float, optional
        Distance of the planes of a ZYX stack in nanometres.
    info : dict, optional
        What else is known of the image; Fiji shows it with Image > Show Info.

    Raises
    ------
    UnfinishedError
        If a pixel is not finite.
    """
    if not np.isfinite(pixels).all():
        raise UnfinishedError(f"{path.name} would hold NaN or infinite pixels: see to the range of its source")
    notes = "\n".join(f"{key} = {value}" for key, value in (info or {}).items())
    pixels = np.ascontiguousarray(pixels)
    settings = tiff_output.options(pixels.shape, pixels.dtype, axes, pixel_size_nm, z_step_nm, notes)
    tifffile.imwrite(path, pixels, **settings)


def create(
    path: Path,
    shape: tuple[int, ...],
    dtype: np.dtype,
    axes: str,
    pixel_size_nm: float | None,
    z_step_nm: float | None,
    notes: str,
    chunk: int,
) -> None:
    """Make an image whose pixels are written later, by what `writer` returns.

    Parameters are those of `write`; OME-Zarr where `path` ends in ``.zarr``, else TIFF; `notes` is text for people;
    `chunk` is the side of the chunks of an OME-Zarr image in pixels.
    """
    if path.suffix == ".zarr":
        create_ome_zarr(path, shape, dtype, (chunk, chunk), axes, pixel_size_nm, z_step_nm, notes)
    else:
        settings = {"axes": axes, "pixel_size_nm": pixel_size_nm, "z_step_nm": z_step_nm, "notes": notes}
        tiff_output.create_tiff(path, shape, dtype, **settings)


def writer(path: Path) -> tiff_output.WriteRows:
    """How to write rows into an image of `create`: (plane, first row, rows (n, X))."""
    if path.suffix != ".zarr":
        return tiff_output.tiff_writer(path)
    array = zarr_array(path)

    def write(plane: int, row: int, rows: np.ndarray) -> None:
        index = map(int, np.unravel_index(plane, array.shape[:-2])) if array.ndim > 2 else ()
        array[(*index, slice(row, row + len(rows)))] = rows

    return write


def notes_of(path: Path) -> str:
    """The notes that `create` wrote into an image; empty where there are none."""
    if path.suffix == ".zarr":
        return zarr_notes(path)
    return tiff_output.tiff_notes(path)
