"""The picture by which a model is recognised in the zoo."""

from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from dfcan_bmz.errors import DfcanError

SIDE_PX = 512


def copy_cover(path: Path, image: Path) -> None:
    """Write a user's own cover as PNG.

    Raises
    ------
    DfcanError
        If it is no picture.
    """
    try:
        with PillowImage.open(image) as picture:
            picture.save(path)
    except OSError as error:
        raise DfcanError(f"recipe: the cover {image} cannot be read ({error}): give a PNG, or write auto") from error


def write_cover(path: Path, lr: np.ndarray, prediction: np.ndarray) -> None:
    """Write a 2:1 PNG, the LR image left and the prediction right, both with pixels enlarged as they are.

    Parameters
    ----------
    path : pathlib.Path
        Ends in ``.png``.
    lr, prediction : numpy.ndarray
        Square images, shown from 0 to 1.
    """
    halves = [
        PillowImage.fromarray(np.uint8(np.clip(image, 0, 1) * 255)).resize(
            (SIDE_PX, SIDE_PX), PillowImage.Resampling.NEAREST
        )
        for image in (lr, prediction)
    ]
    PillowImage.fromarray(np.hstack(halves)).save(path)
