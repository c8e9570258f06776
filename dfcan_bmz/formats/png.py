"""PNG: a picture of one plane, decoded as a whole."""

from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.decoded import remembered
from dfcan_bmz.formats.pixels import Opened, Pixels
from dfcan_bmz.formats.units import length_nm

GREY_MODES = {"1": bool, "L": np.uint8, "LA": np.uint8, "I": np.int32, "I;16": np.uint16, "F": np.float32}
COARSEST_NM = 1e4  # 72 or 300 pixels an inch is what programs write for paper and screens


def open_png(path: Path) -> Opened:
    """Open a PNG file of grey levels, 8- or 16-bit; its resolution, if it is one of a microscope, is the pixel size.

    Raises
    ------
    DfcanError
        If it is a colour image, or transparent in places.
    """
    with _opened(path) as file:
        if file.mode not in GREY_MODES or (file.mode == "LA" and file.getextrema()[1] != (255, 255)):
            raise colour(path)
        dtype, shape = np.dtype(GREY_MODES[file.mode]), (file.height, file.width)
        per_inch = file.info.get("dpi", (0, 0))[0]
    size = length_nm(1 / per_inch, "inch") if per_inch else None
    opened = object()  # names this opening: a file written anew is decoded anew
    pixels = Pixels(path, shape, dtype, lambda _, y, x: remembered(opened, lambda: _decode(path))[y, x])
    return Opened(pixels, "YX", size if size and size <= COARSEST_NM else None)


def _opened(path: Path) -> PillowImage.Image:
    try:
        return PillowImage.open(path)
    except PillowImage.DecompressionBombError as error:
        most = 2 * PillowImage.MAX_IMAGE_PIXELS / 1e6
        raise DfcanError(f"{path} has more than {most:.0f} million pixels, a PNG may not: save it as TIFF") from error


def _decode(path: Path) -> np.ndarray:
    with PillowImage.open(path) as file:
        return np.array(file.getchannel(0) if file.mode == "LA" else file)  # its other channel is opaque


def colour(path: Path) -> DfcanError:
    """The refusal of an image of several colours."""
    return DfcanError(f"{path} is a colour image: convert it to grey levels (Fiji: Image > Type > 8-bit or 16-bit)")
