"""Where patches are worth cutting: by what the target shows there."""

import numpy as np
from scipy.ndimage import uniform_filter

BLOCK_PX = 4  # LR pixels a side; their mean has little noise left
EMPTY = 0.2  # a patch that varies less than this share of the plane's richest is empty


def signal_map(hr: np.ndarray, scale: int) -> np.ndarray:
    """Mean of blocks of an HR plane: all that sampling by signal needs to know of it.

    Parameters
    ----------
    hr : numpy.ndarray
        (sY, sX), in any units.
    scale : int
        Scale factor s.

    Returns
    -------
    numpy.ndarray
        (Y / BLOCK_PX, X / BLOCK_PX) float32, whole blocks only.
    """
    return block_means(hr, BLOCK_PX * scale)


def block_means(plane: np.ndarray, side: int) -> np.ndarray:
    """Means of `side` x `side` pixels, float32; what fills no block is left out."""
    rows, columns = plane.shape[0] // side, plane.shape[1] // side
    blocks = plane[: rows * side, : columns * side].reshape(rows, side, columns, side)
    return blocks.mean(axis=(1, 3), dtype=np.float32)


def draw_corners(
    signal: np.ndarray, shape: tuple[int, int], size: int, count: int, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Draw patches of a plane in proportion to how much the target varies in them; empty ones are never drawn.

    Parameters
    ----------
    signal : numpy.ndarray
        The plane's `signal_map`.
    shape : tuple of int
        Y and X of the LR plane.
    size : int
        Side of the patches in LR pixels.
    count : int
        How many: every draw is one to train on, none is thrown away.
    rng : numpy.random.Generator
        Draws the places.

    Returns
    -------
    list of (int, int)
        First LR row and column of each patch.
    """
    variation = _variation(signal, size // BLOCK_PX)
    variation[variation < EMPTY * variation.max()] = 0
    if not variation.any():  # a target without structure at this scale
        variation[:] = 1
    nodes = rng.choice(variation.size, count, p=(variation / variation.sum(dtype=float)).ravel())
    ends = np.array(shape) - size
    corners = np.minimum(np.stack(np.unravel_index(nodes, variation.shape), axis=1) * BLOCK_PX, ends)
    # anywhere within the block; the last one reaches to the border, which may not be that of a block
    width = np.where(corners + 2 * BLOCK_PX > ends, ends - corners + 1, BLOCK_PX)
    return [(int(y), int(x)) for y, x in corners + rng.integers(0, width)]


def _variation(signal: np.ndarray, blocks: int) -> np.ndarray:
    """Standard deviation of the block means within a patch, by the block that the patch begins with."""
    signal = signal.astype(float) - signal.mean(dtype=float)
    mean, square = (uniform_filter(image, blocks, mode="nearest") for image in (signal, signal**2))
    deviation = np.sqrt(np.maximum(square - mean**2, 0))
    first = blocks // 2  # the filter's window begins so many blocks before its centre
    rows, columns = (size - blocks + 1 for size in signal.shape)
    return deviation[first : first + rows, first : first + columns].astype(np.float32)
