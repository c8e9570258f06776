"""An engine in a process of its own, with bounds on its time and its memory: for weights of strangers.

A network that ends the process, or never answers, is then an error like any other. Arrays go to and fro through pipes,
each as a letter, the number of bytes that follow, and these bytes.
"""

import importlib
import io
import os
import selectors
import struct
import sys
import tempfile
import threading
import time
import weakref
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from dfcan_bmz import children
from dfcan_bmz.engines import Network, reason_of

LONGEST_S = 600  # for a batch of tiles, or to load the weights
HEAD = struct.Struct("<cQ")
ARRAY, ERROR = b"A", b"E"


def load(name: str, path: Path) -> Network:
    """Load weights of one format in another process as a callable on (N, H, W, 1) float32.

    Parameters
    ----------
    name : str
        The format, a module of this package.
    path : pathlib.Path
        The weights; they can be removed when this returns.

    Raises
    ------
    RuntimeError
        If they cannot be loaded; the callable raises it too, if the network fails, takes longer than `LONGEST_S`, or
        ends its process.
    """
    return _Network(name, path)


class _Network:
    """The process that runs a network, and the pipes to and from it."""

    def __init__(self, name: str, path: Path):
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 (as long-lived as the process)
        pipes: dict[str, Any] = {"pass_fds": (theirs_in, theirs_out), "stdout": self.log, "stderr": self.log}
        try:
            self.process = children.start(__name__, name, path, theirs_in, theirs_out, **pipes)
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        weakref.finalize(self, children.end, self.process)
        self.inbox, self.outbox = os.fdopen(ours_in, "rb", buffering=0), os.fdopen(ours_out, "wb", buffering=0)
        self.one_at_a_time = threading.Lock()
        self.__module__ = f"{__package__}.{name}"  # whose work it is, for `engine_of`
        self._answer()  # of nothing, when it is loaded

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        with self.one_at_a_time:
            try:
                if self.outbox.closed:
                    raise BrokenPipeError
                _send(self.outbox, ARRAY, _bytes(batch))
            except BrokenPipeError:
                raise self._ended() from None
            return self._answer()

    def _answer(self) -> np.ndarray:
        try:
            kind, data = _receive(self.inbox, time.monotonic() + LONGEST_S)
        except TimeoutError:
            self.process.kill()
            self.outbox.close()  # an answer that came all the same is of this batch, not of the next one
            raise RuntimeError(f"no answer after {LONGEST_S} s") from None
        except EOFError:
            raise self._ended() from None
        if kind == ERROR:
            raise RuntimeError(data.decode("utf-8", "replace"))
        return np.load(io.BytesIO(data), allow_pickle=False)

    def _ended(self) -> RuntimeError:
        code = self.process.wait()
        self.log.seek(0)
        lines = self.log.read().decode("utf-8", "replace").strip().splitlines() or ["without a word"]
        return RuntimeError(f"its process ended ({lines[-1][:200]}, {code})")


def _bytes(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _send(outbox: BinaryIO, kind: bytes, data: bytes) -> None:
    left = memoryview(HEAD.pack(kind, len(data)) + data)
    while left:
        left = left[outbox.write(left) :]


def _receive(inbox: BinaryIO, until: float = float("inf")) -> tuple[bytes, bytes]:
    kind, length = HEAD.unpack(_exactly(inbox, HEAD.size, until))
    return kind, _exactly(inbox, length, until)


def _exactly(inbox: BinaryIO, length: int, until: float) -> bytes:
    data = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(inbox, selectors.EVENT_READ)
        while len(data) < length:
            left = until - time.monotonic()
            if left <= 0 or not selector.select(None if left == float("inf") else left):
                raise TimeoutError
            part = inbox.read(min(length - len(data), 2**20))
            if not part:
                raise EOFError
            data += part
    return bytes(data)


def _serve(name: str, path: Path, inbox: BinaryIO, outbox: BinaryIO) -> None:
    """Load the weights, then run them on what comes until nothing comes any more."""
    try:
        engine = importlib.import_module(f"dfcan_bmz.engines.{name}")
        children.bound_memory()
        network = engine.load(path)
        _send(outbox, ARRAY, _bytes(np.zeros(0)))
        while True:
            _, data = _receive(inbox)
            try:
                kind, answer = ARRAY, _bytes(np.asarray(network(np.load(io.BytesIO(data), allow_pickle=False))))
            except Exception as error:  # every engine has its own ways to fail
                kind, answer = ERROR, reason_of(error).encode()
            _send(outbox, kind, answer)
    except EOFError:
        pass
    except Exception as error:
        _send(outbox, ERROR, reason_of(error).encode())


if __name__ == "__main__":
    _serve(sys.argv[1], Path(sys.argv[2]), os.fdopen(int(sys.argv[3]), "rb", 0), os.fdopen(int(sys.argv[4]), "wb", 0))
