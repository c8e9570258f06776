"""Arithmetic of tiles, the same as in bioimageio.core's blockwise prediction.

One axis of an image. Every tile predicts its halo too, and throws it away; at the border of the image the halo is
filled by reflection::

    image             |--------------------------------|
    tile 0     [halo | kept ..... | halo]
    tile 1                 [halo | kept ..... | halo]
    tile 2                        [halo | kept ..... | halo]     moved inward, so that what it keeps ends with the image

An image shorter than what a tile keeps is one tile, reflected to full size.

With a blend, neighbours share the pixels around their border, and one fades into the other::

    weights of tiles 0 and 1    ------.       .------      the sum is 1 everywhere
                                       `.   .`
                                         `.`
                                       .`   `.
                                ______.`       `.______
                                      |---|---|            blend to each side of the border, at most the halo
"""

from typing import NamedTuple

import numpy as np

TILE_PX = 128  # LR pixels: the least work for each pixel of the output, and no less quality (docs/engines.md)
MOST_BYTES = 2**30  # that features of a tile may take
LAYERS_AT_ONCE = 4  # that an engine keeps in memory
SEAMLESS_PX = 8  # LR pixels from a tile's border on, a prediction differs no more than the tile's attention makes it


def starts(length: int, tile: int, halo: int) -> list[int]:
    """Cut `length` pixels into tiles whose kept parts cover each pixel exactly once.

    Parameters
    ----------
    length, tile, halo : int
        LR pixels; ``2 * halo < tile``.

    Returns
    -------
    list of int
        The first pixel whose prediction each tile keeps, as far as the next one's; a tile reads a halo before it, too.

    Raises
    ------
    ValueError
        If the halo leaves nothing of a tile.
    """
    inner = tile - 2 * halo
    if inner < 1:
        raise ValueError(f"a halo of {halo} leaves nothing of a tile of {tile}")
    return [max(0, min(start, length - inner)) for start in range(0, length, inner)]


class Part(NamedTuple):
    """What one tile adds to the output along one axis.

    Attributes
    ----------
    reads_from : int
        First pixel that the tile reads, halo included, in LR pixels; negative where that is beyond the border.
    start, stop : int
        Output pixels to which it adds.
    weights : numpy.ndarray
        (stop - start,) float32; those of all tiles sum up to 1 at each pixel.
    """

    reads_from: int
    start: int
    stop: int
    weights: np.ndarray


def parts(length: int, tile: int, halo: int, blend: int, scale: int) -> list[Part]:
    """Cut an axis into tiles that fade into each other.

    Parameters
    ----------
    length, tile, halo : int
        LR pixels, as `starts` has them.
    blend : int
        LR pixels to each side of a border between tiles on which both count, 0..halo; with 0 each output pixel comes
        from one tile, as in bioimageio.core.
    scale : int
        Scale factor s.

    Returns
    -------
    list of Part
        In order; `start` grows from each to the next.

    Raises
    ------
    ValueError
        If the halo leaves nothing of a tile, or the blend is wider than the halo.
    """
    if not 0 <= blend <= halo:
        raise ValueError(f"a blend of {blend} is not within a halo of {halo}")
    found = starts(length, tile, halo)
    reach, end = scale * blend, scale * length
    # the borders of the image are steps beyond which no tile fades
    cuts = [-reach, *(scale * start for start in found[1:]), end + reach]
    result = []
    for kept_from, left, right in zip(found, cuts[:-1], cuts[1:], strict=True):
        start, stop = max(0, left - reach), min(end, right + reach)
        pixels = np.arange(start, stop)
        weights = _ramp(pixels, left, reach) - _ramp(pixels, right, reach)  # no ramp overtakes the one before it
        result.append(Part(kept_from - halo, start, stop, weights.astype(np.float32)))
    return result


def _ramp(pixels: np.ndarray, border: int, reach: int) -> np.ndarray:
    """From 0 to 1 within `reach` of a border."""
    if reach == 0:
        return (pixels >= border).astype(float)
    return np.clip((pixels + 0.5 - border + reach) / (2 * reach), 0, 1)


def reflected(start: int, count: int, length: int) -> np.ndarray:
    """Indices of `count` pixels from `start` on, mirrored at the borders of 0..length as mode "symmetric" has it."""
    indices = np.arange(start, start + count) % (2 * length)
    return np.where(indices < length, indices, 2 * length - 1 - indices)


def automatic_tile(scale: int, filters: int) -> int:
    """Side of tiles in LR pixels: `TILE_PX`, or less where the features of such a tile would take a GB.

    Parameters
    ----------
    scale : int
        Scale factor s.
    filters : int
        Channels of the hidden layers, which some networks have at the size of the output.

    Returns
    -------
    int
        An even number.
    """
    affordable = (MOST_BYTES / (LAYERS_AT_ONCE * 4 * filters)) ** 0.5 / scale  # float32
    return min(TILE_PX, int(affordable) // 16 * 16)


def automatic_halo(tile: int, reach: int, scale: int) -> int:
    """Halo in *output* pixels: the smallest that leaves no seam, as far as the network reaches and the tile affords it.

    The smallest is `SEAMLESS_PX`, measured on trained models (docs/prediction.md); a tile affords an eighth of itself.

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
    halo = min(reach, tile // 8, SEAMLESS_PX) * scale
    return -(-halo // unit) * unit
