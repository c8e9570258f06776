"""Where patches are worth cutting: by what the target shows there."""

import numpy as np
from scipy.ndimage import uniform_filter

FINE_PX = 4  # LR pixels a side; the mean of such a block has little noise left
BLOCK_PX = 16  # what is kept of a plane are two numbers for each block of so many LR pixels a side
EMPTY = 0.2  # a patch that varies less than this share of the plane's richest is empty


def signal_map(hr: np.ndarray, scale: int) -> np.ndarray:
    """How an HR plane varies: all that sampling by signal needs to know of it, in a few kilobytes.

    Parameters
    ----------
    hr : numpy.ndarray
        (sY, sX), in any units.
    scale : int
        Scale factor s.

    Returns
    -------
    numpy.ndarray
        (2, Y / BLOCK_PX, X / BLOCK_PX) float32: mean and variance in each whole block of the means of
        `FINE_PX` x `FINE_PX` LR pixels.
    """
    fine = block_means(hr, FINE_PX * scale)
    side = BLOCK_PX // FINE_PX
    mean = block_means(fine, side)
    around = fine[: mean.shape[0] * side, : mean.shape[1] * side] - mean.repeat(side, axis=0).repeat(side, axis=1)
    return np.stack([mean, block_means(around**2, side)])


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
        Side of the patches in LR pixels, at least `BLOCK_PX`.
    count : int
        How many: every draw is one to train on, none is thrown away.
    rng : numpy.random.Generator
        Draws the places.

    Returns
    -------
    list of (int, int)
        First LR row and column of each patch.
    """
    variation = _variation(signal.astype(float), size // BLOCK_PX)
    variation[variation < EMPTY * variation.max()] = 0
    if not variation.any():  # a target without structure at this scale
        variation[:] = 1
    # a patch begins anywhere in its first block; of the last blocks, only as far as the image goes
    ends = np.array(shape) - size
    starts = [np.arange(blocks) * BLOCK_PX for blocks in variation.shape]
    lengths = [np.clip(end + 1 - start, 1, BLOCK_PX) for end, start in zip(ends, starts, strict=True)]
    weights = variation * np.outer(*lengths)
    nodes = np.unravel_index(rng.choice(weights.size, count, p=(weights / weights.sum()).ravel()), weights.shape)
    places = [
        np.minimum(start[node], end) + rng.integers(0, length[node])
        for start, end, length, node in zip(starts, ends, lengths, nodes, strict=True)
    ]
    return list(zip(*(place.tolist() for place in places), strict=True))


def _variation(signal: np.ndarray, blocks: int) -> np.ndarray:
    """Standard deviation within a patch of so many blocks a side, by the block that the patch begins with."""
    mean, variance = signal[0] - signal[0].mean(), signal[1]
    mean, square = (uniform_filter(image, blocks, mode="nearest") for image in (mean, variance + mean**2))
    deviation = np.sqrt(np.maximum(square - mean**2, 0))
    first = blocks // 2  # the filter's window begins so many blocks before its centre
    rows, columns = (size - blocks + 1 for size in variance.shape)
    return deviation[first : first + rows, first : first + columns]
