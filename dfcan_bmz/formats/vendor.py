"""CZI, ND2 and LIF, as Zeiss, Nikon and Leica microscopes write them: read by bioio (needs the extra ``[vendor]``)."""

from importlib import import_module
from pathlib import Path

import numpy as np

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.decoded import remembered
from dfcan_bmz.formats.pixels import Opened, Pixels, flattened
from dfcan_bmz.formats.units import length_nm, tidy_axes

EXPORT = "export it as OME-TIFF (Fiji: Plugins > Bio-Formats > Bio-Formats Importer, then Bio-Formats Exporter)"


def open_vendor(path: Path) -> Opened:
    """Open the one scene of a CZI, ND2 or LIF file, plane by plane.

    Raises
    ------
    DfcanError
        If bioio or its reader of this format is not installed, or the file holds several scenes.
    """
    kind = path.suffix.lower().removeprefix(".")
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
    return Opened(pixels, kept, length_nm(size.X, "um"), length_nm(size.Z, "um"), leading)
