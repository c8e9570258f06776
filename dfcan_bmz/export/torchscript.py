"""TorchScript: a trace of the Keras model on Keras' torch backend, free in N, H and W."""

import io
import os
import sys
import zipfile
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"  # this module runs as a process of its own

import keras
import torch

from dfcan_bmz.files import EPOCH


def write(model_file: Path, path: Path) -> None:
    """Trace a ``.keras`` file.

    The trace records sizes as computations on the input's size; two sizes are traced and run crosswise before the file
    is written, so that a size that became a constant is found here.

    Raises
    ------
    ValueError
        If the trace does not follow the input's size.
    """
    model = keras.saving.load_model(model_file, compile=False)
    model.eval()
    with torch.no_grad():
        traced = torch.jit.trace(model, torch.rand(1, 64, 64, 1), check_trace=False)
        other = torch.rand(2, 48, 36, 1)
        if not torch.allclose(traced(other), model(other), atol=1e-5):
            raise ValueError("the trace depends on the size of its example")
    buffer = io.BytesIO()
    torch.jit.save(traced, buffer)
    _write_without_debug_files(buffer, path)


def _write_without_debug_files(archive: io.BytesIO, path: Path) -> None:
    """Leave out the ``.debug_pkl`` entries, in which the paths of this machine stand.

    TorchScript maps weights into memory from 64-byte boundaries, so entries are stored and padded as torch does it.
    """
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            if name.endswith(".debug_pkl"):
                continue
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.extra = _padding(new.fp.tell() + 30 + len(name.encode()))
            new.writestr(entry, old.read(name))


def _padding(offset: int) -> bytes:
    length = (-offset - 4) % 64
    return b"FB" + length.to_bytes(2, "little") + b"Z" * length


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
