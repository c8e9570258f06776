"""PNG: a picture of one plane, decoded as a whole."""

from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.calibration import UNKNOWN, Calibration
from dfcan_bmz.formats.decoded import remembered
from dfcan_bmz.formats.intensities import as_stored, of_palette
from dfcan_bmz.formats.pixels import Opened, Pixels
from dfcan_bmz.formats.units import length_nm

GREY_MODES = {"1": bool, "L": np.uint8, "LA": np.uint8, "I": np.int32, "I;16": np.uint16, "F": np.float32}
COARSEST_NM = 1e4  # 72 or 300 pixels an inch is what programs write for paper and screens


def open_png(path: Path) -> Opened:
    """Open a PNG file of grey levels, 8- or 16-bit, or of a palette of them.

    Its resolution, if it is one of a microscope, is the pixel size.

    Raises
    ------
    DfcanError
        If it is a colour image, or transparent in places.
    """
    with _opened(path) as file:
        opacity = file.info.get("transparency", b"")  # of each colour, or the one colour that is transparent
        if file.mode == "P" and isinstance(opacity, bytes) and set(opacity) <= {255}:
            conversion = of_palette(np.reshape(file.getpalette("RGB"), (-1, 3)).T.astype(np.uint8))
        elif file.mode not in GREY_MODES or (file.mode == "LA" and file.getextrema()[1] != (255, 255)):
            conversion = None
        else:
            conversion = as_stored(GREY_MODES[file.mode])
        if conversion is None:
            raise colour(path)
        shape, per_inch = (file.height, file.width), file.info.get("dpi", (0, 0))
    x, y = (length_nm(1 / number, "inch") if number else None for number in per_inch)
    known = x is not None and y is not None and max(x, y) <= COARSEST_NM
    opened = object()  # names this opening: a file written anew is decoded anew

    def decode() -> np.ndarray:
        with PillowImage.open(path) as file:  # the other channel of LA is opaque
            return np.array(conversion.apply(np.array(file.getchannel(0) if file.mode == "LA" else file)))

    pixels = Pixels(path, shape, conversion.dtype, lambda _, y, x: remembered(opened, decode)[y, x])
    return Opened(pixels, "YX", Calibration(x, y) if known else UNKNOWN)


def _opened(path: Path) -> PillowImage.Image:
    try:
        return PillowImage.open(path)
    except PillowImage.DecompressionBombError as error:
        most = 2 * PillowImage.MAX_IMAGE_PIXELS / 1e6
        raise DfcanError(f"{path} has more than {most:.0f} million pixels, a PNG may not: save it as TIFF") from error


def colour(path: Path) -> DfcanError:
    """The refusal of an image of several colours."""
    return DfcanError(f"{path} is a colour image: convert it to grey levels (Fiji: Image > Type > 8-bit or 16-bit)")
