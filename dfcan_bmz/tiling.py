"""Arithmetic of tiles, the same as in bioimageio.core's blockwise prediction.

One axis of an image. Every tile predicts its halo too, and throws it away; at the border of the image the halo is
filled by reflection::

    image             |--------------------------------|
    tile 0     [halo | kept ..... | halo]
    tile 1                 [halo | kept ..... | halo]
    tile 2                        [halo | kept ..... | halo]     moved inward, so that what it keeps ends with the image

An image shorter than what a tile keeps is one tile, reflected to full size.
"""

from typing import NamedTuple


class Span(NamedTuple):
    """What one tile keeps along one axis, in LR pixels of the image; it reads from ``keep_from - halo`` on.

    Attributes
    ----------
    keep_from, keep_to : int
        The pixels ``keep_from:keep_to`` whose prediction is kept.
    """

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
        In order.

    Raises
    ------
    ValueError
        If the halo leaves nothing of a tile.
    """
    inner = tile - 2 * halo
    if inner < 1:
        raise ValueError(f"a halo of {halo} leaves nothing of a tile of {tile}")
    starts = [max(0, min(start, length - inner)) for start in range(0, length, inner)]
    return [Span(*span) for span in zip(starts, [*starts[1:], length], strict=True)]


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
        A multiple of 2s, so that the halo is an even number of pixels in the input and in the output.
    """
    unit = 2 * scale
    halo = min(reach, tile // 8) * scale
    return -(-halo // unit) * unit
