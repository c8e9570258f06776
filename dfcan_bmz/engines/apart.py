"""An engine in a process of its own, with bounds on its time and its memory: for weights of strangers.

A network that ends the process, or never answers, is then an error like any other. Arrays go to and fro as NumPy saves
them, never as pickles, behind a letter that says whether it is one, or an error.
"""

import importlib
import io
import sys
import tempfile
import threading
import weakref
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

import numpy as np

from dfcan_bmz import children
from dfcan_bmz.engines import Network, reason_of

LONGEST_S = 600  # for a batch of tiles, or to load the weights
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
    """The process that runs a network, and the connection to it."""

    def __init__(self, name: str, path: Path):
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 (as long-lived as the process)
        self.connection, theirs = Pipe()
        with theirs:
            number = theirs.fileno()
            self.process = children.start(
                __name__, name, path, number, pass_fds=[number], stdout=self.log, stderr=self.log
            )
        weakref.finalize(self, children.end, self.process)
        self.one_at_a_time = threading.Lock()
        self.__module__ = f"{__package__}.{name}"  # whose work it is, for `engine_of`
        self._answer()  # of nothing, when it is loaded

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        with self.one_at_a_time:
            try:
                self.connection.send_bytes(ARRAY + _bytes(batch))
            except OSError:
                raise self._ended() from None
            return self._answer()

    def _answer(self) -> np.ndarray:
        try:
            if not self.connection.poll(LONGEST_S):
                self.process.kill()
                self.connection.close()  # an answer that came all the same is of this batch, not of the next one
                raise RuntimeError(f"no answer after {LONGEST_S} s")
            answer = self.connection.recv_bytes()
        except (EOFError, OSError):
            raise self._ended() from None
        if answer[:1] == ERROR:
            raise RuntimeError(answer[1:].decode("utf-8", "replace"))
        return _array(answer)

    def _ended(self) -> RuntimeError:
        code = self.process.wait()
        self.log.seek(0)
        lines = self.log.read().decode("utf-8", "replace").strip().splitlines() or ["without a word"]
        return RuntimeError(f"its process ended ({lines[-1][:200]}, {code})")


def _bytes(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _array(message: bytes) -> np.ndarray:
    return np.load(io.BytesIO(message[1:]), allow_pickle=False)


def _serve(name: str, path: Path, connection: Connection) -> None:
    """Load the weights, then run them on what comes until nothing comes any more."""
    try:
        engine = importlib.import_module(f"dfcan_bmz.engines.{name}")
        children.bound_memory()
        network = engine.load(path)
        connection.send_bytes(ARRAY + _bytes(np.zeros(0)))
        while True:
            batch = _array(connection.recv_bytes())
            try:
                answer = ARRAY + _bytes(np.asarray(network(batch)))
            except Exception as error:  # every engine has its own ways to fail
                answer = ERROR + reason_of(error).encode()
            connection.send_bytes(answer)
    except (EOFError, ConnectionError):
        pass
    except Exception as error:
        connection.send_bytes(ERROR + reason_of(error).encode())


if __name__ == "__main__":
    _serve(sys.argv[1], Path(sys.argv[2]), Connection(int(sys.argv[3])))
