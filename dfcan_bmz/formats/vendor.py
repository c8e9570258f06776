"""CZI, ND2 and LIF, as Zeiss, Nikon and Leica microscopes write them: read by bioio (needs the extra ``[vendor]``)."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.calibration import Calibration
from dfcan_bmz.formats.decoded import remembered
from dfcan_bmz.formats.pixels import Opened, Pixels, flattened
from dfcan_bmz.formats.units import length_nm, tidy_axes, time_s

MAGIC = {"czi": b"ZISRAWFILE", "nd2": b"\xda\xce\xbe\x0a", "lif": b"\x70\0\0\0"}
EXPORT = "export it as OME-TIFF (Fiji: Plugins > Bio-Formats > Bio-Formats Importer, then Bio-Formats Exporter)"


def vendor_of(start: bytes) -> str | None:
    """``"czi"``, ``"nd2"`` or ``"lif"``, by the first bytes of a file; None for any other file."""
    kind = next((kind for kind, magic in MAGIC.items() if start.startswith(magic)), None)
    return None if kind == "lif" and start[8:9] != b"\x2a" else kind


def open_vendor(path: Path) -> Opened:
    """Open the one scene of a CZI, ND2 or LIF file, plane by plane.

    Raises
    ------
    DfcanError
        If bioio or its reader of this format is not installed, or the file holds several scenes.
    """
    with path.open("rb") as file:
        kind = vendor_of(file.read(16))
    if kind is None:
        raise DfcanError(f"{path} is not a CZI, ND2 or LIF file: {EXPORT}")
    try:
        from bioio import BioImage

        import_module(f"bioio_{kind}")
    except ImportError as error:
        raise DfcanError(
            f"{path} is a {kind.upper()} file, which needs bioio: pip install 'dfcan-bmz[vendor]', or {EXPORT}"
        ) from error
    image = BioImage(path)
    if len(image.scenes) > 1:
        raise DfcanError(f"{path} holds {len(image.scenes)} scenes: {EXPORT}, one file each")
    sizes = dict(zip(image.dims.order, image.shape, strict=True))
    kept, _ = tidy_axes(path, image.dims.order, image.shape)
    opened, leading = object(), tuple(sizes[axis] for axis in kept[:-2])

    def plane_of(index: int) -> np.ndarray:
        places = map(int, np.unravel_index(index, leading)) if leading else ()
        place = {"T": 0, "C": 0, "Z": 0} | dict(zip(kept, places, strict=False))
        return image.get_image_dask_data("YX", **place).compute()

    def read_region(plane: int, rows: slice, columns: slice) -> np.ndarray:
        return remembered((opened, plane), lambda: np.array(plane_of(plane)))[rows, columns]

    pixels = Pixels(path, flattened((*leading, sizes["Y"], sizes["X"])), image.dtype, read_region)
    size = image.physical_pixel_sizes
    x, y, z = (length_nm(one, "um") for one in (size.X, size.Y, size.Z))
    calibration = Calibration(x, y, z, _interval(image))
    return Opened(pixels, kept, calibration.of_axes(kept), leading)


def _interval(image: Any) -> float | None:
    """Seconds between frames, which some readers give as a time span."""
    try:
        interval = image.time_interval
        return time_s(getattr(interval, "total_seconds", lambda: interval)(), "s")
    except Exception:  # readers that do not know it have errors of their own
        return None
