"""Where the pixels of an image lie in what ilastik is given, so that ilastik's blocks are the tiles of `predict`.

ilastik (read from its source, version 1.4.2) cuts an image into blocks of a tile less twice the halo, from the first
pixel on. It reads the halo around each from the image; beyond the borders it mirrors, as numpy's mode ``"reflect"``
does. Our tiles lie on the same grid, but for two things:

- Beyond a border we mirror the pixel at the border too (mode ``"symmetric"``). At the last border both come to the
  same, because the companion takes the first of the s pixels that each LR pixel has become. Before the first border
  there are blocks of mirrored pixels, and around an image smaller than a block on both sides.
- Our last tile is moved inward, so that what it keeps ends with the image. It stands behind the image once more, on the
  grid, with the halo of the tile before and its own in between::

      image            0 1 2 3 4 5 6 7                    tiles keep 3 pixels, the halo is 1
      prepared  |2 1 0|0 1 2|3 4 5|6 7 4|5 6 7|           margin, tiles, gap, last tile
"""

from typing import NamedTuple

import numpy as np

from dfcan_bmz.tiling import reflected, starts


class Layout(NamedTuple):
    """One axis of a prepared image, before it is enlarged.

    Attributes
    ----------
    source : numpy.ndarray
        (prepared,) int: the LR pixel that stands at each place of the prepared image.
    place : numpy.ndarray
        (length,) int: the place whose prediction is that of each LR pixel.
    """

    source: np.ndarray
    place: np.ndarray


def layout(length: int, tile: int, halo: int) -> Layout:
    """Lay out an axis.

    Parameters
    ----------
    length : int
        LR pixels of the image.
    tile, halo : int
        Of the companion bundle, in LR pixels; ``2 * halo < tile``.
    """
    kept = tile - 2 * halo
    last = starts(length, tile, halo)[-1]
    margin, grid = _blocks(halo, kept), _blocks(last, kept)  # `grid`: where the tiles before the last one end
    if last == grid:
        behind = margin if length < kept else 0  # where the block does not end with the image
        return Layout(reflected(-margin, margin + last + kept + behind, length), margin + np.arange(length))
    gap = _blocks(2 * halo, kept)
    image = reflected(-margin, margin + grid + gap - halo, length)
    moved = margin + grid + gap + np.arange(kept)
    return Layout(
        np.concatenate([image, reflected(last - halo, halo + kept, length)]),
        np.concatenate([margin + np.arange(last), moved]),
    )


def _blocks(pixels: int, kept: int) -> int:
    """Pixels of as many whole blocks as `pixels` need."""
    return -(-pixels // kept) * kept
