"""The archive that ``torch.jit.load`` reads, without torch: a stored zip of code, a pickle of attributes, and tensors.

Equal bytes on every machine. The layout is that of format version 3, which PyTorch reads since 1.5::

    network/data.pkl              the module: each attribute is a tensor, whose numbers are in data/0, data/1, ...
    network/code/__torch__.py     its class
    network/data/0 ...            float32, little-endian
    network/constants.pkl         an empty tuple
    network/version
"""

import struct
import zipfile
from pathlib import Path

import numpy as np

from dfcan_bmz.files import EPOCH

ALIGNMENT = 64  # at multiples of which torch maps tensors into memory
HEADER = 30  # bytes of a zip's entry before its name


def write_archive(path: Path, code: str, weights: dict[str, np.ndarray]) -> None:
    """Write the module ``__torch__.Network`` with float32 tensors as its attributes.

    Parameters
    ----------
    path : pathlib.Path
        The archive.
    code : str
        Its class, in TorchScript.
    weights : dict of str to numpy.ndarray
        Attributes, in the order in which `code` declares them.
    """
    arrays = {name: np.ascontiguousarray(array, "<f4") for name, array in weights.items()}
    with path.open("wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        _put(archive, file.tell(), "data.pkl", _module(arrays))
        _put(archive, file.tell(), "code/__torch__.py", code.encode())
        for key, array in enumerate(arrays.values()):
            _put(archive, file.tell(), f"data/{key}", array.tobytes())
        _put(archive, file.tell(), "constants.pkl", b"\x80\x02).")
        _put(archive, file.tell(), "version", b"3\n")


def _put(archive: zipfile.ZipFile, place: int, name: str, data: bytes) -> None:
    """Store an entry at byte `place`, its data at an aligned one; the filling is an extra field, as torch writes it."""
    entry = zipfile.ZipInfo(f"network/{name}", EPOCH)
    begin = place + HEADER + len(entry.filename)
    filling = -(begin + 4) % ALIGNMENT
    entry.extra = b"FB" + struct.pack("<H", filling) + b"Z" * filling
    archive.writestr(entry, data)


# the opcodes are those of pickle protocol 2 (CPython's pickletools lists them)


def _module(arrays: dict[str, np.ndarray]) -> bytes:
    """Pickle of an object without ``__init__`` whose state is a dictionary of its attributes."""
    items = b"".join(_text(name) + _tensor(str(key), array) for key, (name, array) in enumerate(arrays.items()))
    return b"\x80\x02c__torch__\nNetwork\n)\x81}(" + items + _text("training") + b"\x89ub."


def _tensor(key: str, array: np.ndarray) -> bytes:
    """Pickle of a call that makes a tensor: storage by its persistent id, offset, sizes, strides, gradient, hooks."""
    storage = (
        b"(" + _text("storage") + b"ctorch\nFloatStorage\n" + _text(key) + _text("cpu") + _whole(array.size) + b"tQ"
    )
    strides = [stride // array.itemsize for stride in array.strides]
    sizes = b"".join(b"(" + b"".join(map(_whole, numbers)) + b"t" for numbers in (array.shape, strides))
    hooks = b"ccollections\nOrderedDict\n)R"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + _whole(0) + sizes + b"\x89" + hooks + b"tR"


def _text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def _whole(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)
