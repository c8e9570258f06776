"""Arithmetic of tiles.

One axis of an image, cut into tiles whose outer `halo` pixels are predicted and thrown away::

    image      |--------------------------------|
    tile 0     [kept............|halo]
    tile 1             [halo|kept......|halo]
    tile 2                    [halo|..kept......]     moved inward, so that every tile is full

At the border of the image nothing is thrown away. An image shorter than a tile is one tile, reflected to full size.
"""

from math import lcm
from typing import NamedTuple


class Span(NamedTuple):
    """One tile along one axis, in LR pixels of the image.

    Attributes
    ----------
    start : int
        First pixel that the tile reads.
    keep_from, keep_to : int
        The pixels ``keep_from:keep_to`` whose prediction is kept.
    """

    start: int
    keep_from: int
    keep_to: int


def spans(length: int, tile: int, halo: int) -> list[Span]:
    """Cut `length` pixels into tiles whose kept parts cover each pixel exactly once.

    Parameters
    ----------
    length, tile, halo : int
        LR pixels; ``2 * halo < tile``.

    Returns
    -------
    list of Span
        In order; only the first may reach beyond `length`, when the whole axis is shorter than a tile.

    Raises
    ------
    ValueError
        If the halo leaves nothing of a tile.
    """
    if 2 * halo >= tile:
        raise ValueError(f"a halo of {halo} leaves nothing of a tile of {tile}")
    if length <= tile:
        return [Span(0, 0, length)]
    starts = [*range(0, length - tile, tile - 2 * halo), length - tile]
    inner = [start + halo for start in starts[1:]]
    return [Span(*span) for span in zip(starts, [0, *inner], [*inner, length], strict=True)]


def automatic_halo(tile: int, reach: int, scale: int) -> int:
    """Halo in *output* pixels: the network's reach where a tile affords it, an eighth of the tile otherwise.

    Parameters
    ----------
    tile : int
        LR pixels.
    reach : int
        How far a pixel influences others through the convolutions, in LR pixels.
    scale : int
        Scale factor s.

    Returns
    -------
    int
        A multiple of lcm(2, s), so that the halo is a whole and even number of pixels on both sides.
    """
    unit = lcm(2, scale)
    halo = min(reach, tile // 8) * scale
    return -(-halo // unit) * unit
