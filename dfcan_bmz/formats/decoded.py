"""A memory of decoded pieces of files: patches of one image ask for the same strips, tiles and planes again."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

import numpy as np

MOST_BYTES = 256 * 2**20


class _Memory:
    """Pieces by key, those used last at the end."""

    def __init__(self) -> None:
        self.pieces: OrderedDict[Hashable, np.ndarray] = OrderedDict()
        self.nbytes = 0
        self.lock = threading.Lock()

    def get(self, key: Hashable) -> np.ndarray | None:
        with self.lock:
            if key in self.pieces:
                self.pieces.move_to_end(key)
            return self.pieces.get(key)

    def put(self, key: Hashable, piece: np.ndarray) -> None:
        with self.lock:
            if key in self.pieces:  # two threads decoded the same piece
                return
            self.pieces[key] = piece
            self.nbytes += piece.nbytes
            while self.nbytes > MOST_BYTES and len(self.pieces) > 1:  # a larger piece is still asked for again
                self.nbytes -= self.pieces.popitem(last=False)[1].nbytes


_memory = _Memory()


def remembered(key: Hashable, decode: Callable[[], np.ndarray]) -> np.ndarray:
    """The piece of this key, decoded if need be; the pieces used last are kept, `MOST_BYTES` of them in all, or one.

    Who gets a piece cannot change it.
    """
    piece = _memory.get(key)
    if piece is None:
        piece = decode()
        piece.flags.writeable = False
        _memory.put(key, piece)
    return piece
