"""Batches that are ready before the network asks for them."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from dfcan_bmz.data.patches import Patches, batch

AHEAD = 4  # batches that are cut while the network works on one


def loaded(patches: Patches, batch_size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the patches batch by batch, cut from their files by a thread that runs ahead.

    Parameters
    ----------
    patches : Patches
        All patches, in order.
    batch_size : int
        Patches a batch; the last one may be smaller.

    Yields
    ------
    tuple of numpy.ndarray
        (N, H, W, frames) and (N, sH, sW, 1) float32.

    Raises
    ------
    DfcanError
        If a file is damaged where a patch is cut.
    """
    starts = iter(range(0, len(patches), batch_size))
    with ThreadPoolExecutor(1, "patches") as thread:
        waiting: deque = deque()
        try:
            while True:
                while len(waiting) < AHEAD and (start := next(starts, None)) is not None:
                    waiting.append(thread.submit(batch, patches[start : start + batch_size]))
                if not waiting:
                    return
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
