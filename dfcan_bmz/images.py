"""Micrographs at the door: reading with a clear refusal, writing for ImageJ."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image as PillowImage

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.mrc import read_mrc

SUFFIXES = (".tif", ".tiff", ".png", ".mrc")
NANOMETRES = {"nm": 1.0, "um": 1e3, "µm": 1e3, "μm": 1e3, "\\u00b5m": 1e3, "micron": 1e3, "mm": 1e6, "cm": 1e7}
TIFF_RESOLUTION_UNITS_NM = {2: 2.54e7, 3: 1e7}  # inch, centimetre


@dataclass(frozen=True)
class Image:
    """A grey-level micrograph.

    Attributes
    ----------
    path : pathlib.Path
        Where it was read.
    pixels : numpy.ndarray
        (Y, X) or (T/Z, Y, X), in the file's own type.
    axes : str
        ``"YX"``, ``"ZYX"`` or ``"TYX"``.
    pixel_size_nm : float or None
        Side of a pixel in nanometres, None where the file does not say.
    """

    path: Path
    pixels: np.ndarray
    axes: str
    pixel_size_nm: float | None

    @property
    def planes(self) -> np.ndarray:
        """(N, Y, X) in the file's own type: a single image is a stack of one."""
        return self.pixels.reshape(-1, *self.pixels.shape[-2:])


def find(folder: Path) -> dict[str, Path]:
    """Images of a folder by stem, sorted by name.

    Raises
    ------
    DfcanError
        If the folder is missing, holds no image, or holds two images of one stem.
    """
    if not folder.is_dir():
        raise DfcanError(f"{folder} is not a folder: give a folder of TIFF or PNG images")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in SUFFIXES or path.name.startswith("."):
            continue
        if path.stem in found:
            raise DfcanError(f"{path} and {found[path.stem].name} share a name: rename one of them")
        found[path.stem] = path
    if not found:
        raise DfcanError(f"{folder} holds no image: put {', '.join(SUFFIXES)} files there")
    return found


def read(path: Path) -> Image:
    """Read a grey-level image.

    Parameters
    ----------
    path : pathlib.Path
        A TIFF (single image or stack), PNG or MRC file, 8/16/32-bit integer or floating point.

    Returns
    -------
    Image
        With finite pixels.

    Raises
    ------
    DfcanError
        If the file is missing, damaged, or no grey-level image: colour, complex, boolean, more than three axes,
        NaN or infinite values.
    """
    if not path.is_file():
        raise DfcanError(f"{path} does not exist: check the path")
    try:
        pixels, axes, pixel_size_nm = READERS.get(path.suffix.lower(), _read_tiff)(path)
    except DfcanError:
        raise
    except Exception as error:
        # damaged files fail in every way that a decoder can fail
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DfcanError(f"{path} cannot be read ({reason}): is it complete? Copy or export it again") from error
    if np.issubdtype(pixels.dtype, np.complexfloating):
        raise DfcanError(f"{path} holds complex numbers: save its magnitude as a float image")
    if not (np.issubdtype(pixels.dtype, np.integer) or np.issubdtype(pixels.dtype, np.floating)):
        raise DfcanError(f"{path} is a {pixels.dtype} image (a mask?): give the grey-level image")
    if not np.isfinite(pixels).all():
        raise DfcanError(f"{path} holds NaN or infinite pixels: replace them or leave the image out")
    return Image(path, pixels, axes, pixel_size_nm)


def refuse_constant(image: Image) -> None:
    """Raise DfcanError if a plane of the image cannot be normalised: its percentiles 0.1 and 99.9 are one value."""
    for index, plane in enumerate(image.planes):
        low, high = np.percentile(plane, (0.1, 99.9))
        if low == high:
            where = f"plane {index} of {image.path}" if len(image.axes) == 3 else str(image.path)
            raise DfcanError(f"{where} is constant ({low:g}) but for a few pixels at most: leave it out")


def intensity_range(pixels: np.ndarray) -> float:
    """Range that relative noise and the "raw" peak signal refer to, in the image's own units.

    255 for 8-bit images, which fill their range; the span from the 0.1st to the 99.9th percentile for every other
    type, since 16-bit cameras rarely do.
    """
    if pixels.dtype == np.uint8:
        return 255.0
    low, high = np.percentile(pixels, (0.1, 99.9))
    return float(high - low)


def writable(pixels: np.ndarray) -> np.ndarray:
    """Pixels in a type that ImageJ knows: 8-bit, 16-bit or float32."""
    return pixels if pixels.dtype in (np.uint8, np.uint16) else pixels.astype(np.float32)


def write(path: Path, pixels: np.ndarray, axes: str = "YX", pixel_size_nm: float | None = None) -> None:
    """Write a TIFF that ImageJ opens with its calibration.

    Parameters
    ----------
    path : pathlib.Path
        Ends in ``.tif``.
    pixels : numpy.ndarray
        uint8, uint16 or float32, shaped as `axes` says.
    axes : str
        ``"YX"``, ``"ZYX"`` or ``"TYX"``.
    pixel_size_nm : float, optional
        Side of a pixel in nanometres.
    """
    calibration = {}
    metadata = {"axes": axes}
    if pixel_size_nm is not None:
        per_um = 1e3 / pixel_size_nm
        calibration = {"resolution": (per_um, per_um)}
        metadata["unit"] = "um"
    tifffile.imwrite(path, np.ascontiguousarray(pixels), imagej=True, metadata=metadata, **calibration)


def _read_png(path: Path) -> tuple[np.ndarray, str, None]:
    with PillowImage.open(path) as file:
        if file.mode not in ("1", "L", "I", "I;16", "F"):
            raise _colour(path)
        return np.asarray(file), "YX", None


def _read_tiff(path: Path) -> tuple[np.ndarray, str, float | None]:
    with _damage_is_an_error(), tifffile.TiffFile(path) as file:
        shapes = {series.shape for series in file.series}
        if len(shapes) > 1:
            raise DfcanError(f"{path} holds images of several sizes: save them as files of their own")
        all_axes, pixels = file.series[0].axes, file.series[0].asarray()
        if len(file.series) > 1:
            # pages that were written one by one
            all_axes, pixels = f"Q{all_axes}", np.stack([series.asarray() for series in file.series])
        pixel_size_nm = _pixel_size_nm(file)
    if "S" in all_axes or (pixels.shape[-1] in (3, 4) and pixels.ndim == 3):
        raise _colour(path)
    kept = [(axis, size) for axis, size in zip(all_axes, pixels.shape, strict=True) if size > 1 or axis in "YX"]
    axes = "".join(axis for axis, _ in kept)
    pixels = pixels.reshape([size for _, size in kept])
    if "C" in axes:
        raise DfcanError(f"{path} has several channels: split them and give one file a channel")
    if pixels.ndim not in (2, 3) or axes[-2:] != "YX":
        raise DfcanError(f"{path} has axes {axes}: give images (Y, X) or stacks (Z or T, Y, X)")
    if pixels.ndim == 3 and axes[0] not in "ZT":
        axes = "ZYX"  # pages without a name
    return pixels, axes, pixel_size_nm


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


def _pixel_size_nm(file: tifffile.TiffFile) -> float | None:
    tags = file.pages[0].tags
    if "XResolution" not in tags:
        return None
    numerator, denominator = tags["XResolution"].value
    if not numerator or not denominator:
        return None
    if file.imagej_metadata is not None:
        unit_nm = NANOMETRES.get(str(file.imagej_metadata.get("unit", "")).lower())
    else:
        unit = tags.get("ResolutionUnit")
        unit_nm = TIFF_RESOLUTION_UNITS_NM.get(int(unit.value)) if unit else None
        # 72 or 96 pixels per inch is what drawing programs write when they know nothing
        if unit_nm and denominator / numerator * unit_nm > 1e5:
            unit_nm = None
    return denominator / numerator * unit_nm if unit_nm else None


def _read_mrc(path: Path) -> tuple[np.ndarray, str, float | None]:
    pixels, pixel_size_nm = read_mrc(path)
    return (pixels[0], "YX", pixel_size_nm) if len(pixels) == 1 else (pixels, "ZYX", pixel_size_nm)


READERS = {".png": _read_png, ".mrc": _read_mrc}


def _colour(path: Path) -> DfcanError:
    return DfcanError(f"{path} is a colour image: convert it to grey levels (Fiji: Image > Type > 8-bit or 16-bit)")
