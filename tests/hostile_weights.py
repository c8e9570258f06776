"""Weights of every format, written byte by byte, so that they can hold anything."""

import json
import struct
import zipfile
from io import BytesIO

import h5py
import numpy as np


def zipped(path, files, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return path


# ── protocol buffers ──


def number(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def field(index, value):
    """A number, or bytes or text with their length before them."""
    if isinstance(value, int):
        return number(index << 3) + number(value)
    data = value.encode() if isinstance(value, str) else value
    return number(index << 3 | 2) + number(len(data)) + data


def pair(key, value):
    return field(1, key) + field(2, value)


def tf_node(operation, name="n", inputs=(), device="", **attributes):
    """A NodeDef; attributes are serialised AttrValues."""
    node = field(1, name) + field(2, operation) + b"".join(field(3, source) for source in inputs)
    node += field(4, device) if device else b""
    return node + b"".join(field(5, pair(key, value)) for key, value in attributes.items())


def tf_call(function):
    """An AttrValue that names a function."""
    return field(10, field(1, function))


def tf_function(name, *nodes, attributes=b""):
    return field(1, field(1, field(1, name)) + b"".join(field(3, node) for node in nodes) + attributes)


def saved_model(path, *nodes, functions=(), meta=b"", graph=b"", signature="serving_default", members=None):
    """A zipped SavedModel of one graph."""
    library = field(2, b"".join(functions)) if functions else b""
    content = field(2, b"".join(field(1, node) for node in nodes) + library + graph)
    content += field(5, pair(signature, b"")) + meta
    return zipped(path, {"saved_model.pb": field(1, 1) + field(2, content)} | (members or {}))


def onnx_node(operation, domain="", attributes=b""):
    return field(4, operation) + (field(7, domain) if domain else b"") + attributes


def onnx_model(path, *nodes, graph=b"", model=b""):
    content = b"".join(field(1, node) for node in nodes) + graph
    path.write_bytes(field(1, 7) + field(7, content) + model)
    return path


# ── TorchScript ──

CLASS = """\
class Net(Module):
  __parameters__ = ["weight", ]
  __buffers__ = []
  weight : Tensor
  training : bool
"""
CLASS_WITHOUT_WEIGHT = CLASS.replace('"weight", ', "").replace("  weight : Tensor\n", "")
FORWARD = """\
  def forward(self: __torch__.Net,
    x: Tensor) -> Tensor:
"""
DATA = b"\x80\x02c__torch__\nNet\n)\x81}(X\x08\x00\x00\x00training\x89ub."


def _text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def _tuple(*numbers):
    return b"(" + b"".join(b"J" + struct.pack("<i", number) for number in numbers) + b"t"


def one_weight(items, offset, sizes, strides, key="0", kind=b"ctorch\nFloatStorage\n"):
    """A module whose weight is a tensor of a storage of so many numbers."""
    whole = b"J" + struct.pack("<i", items)
    storage = b"(" + _text("storage") + kind + _text(key) + _text("cpu") + whole + b"tQ"
    place = b"J" + struct.pack("<i", offset) + _tuple(*sizes) + _tuple(*strides)
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + place + b"\x89ccollections\nOrderedDict\n)RtR"
    return b"\x80\x02c__torch__\nNet\n)\x81}(" + _text("weight") + tensor + _text("training") + b"\x89ub."


EMPTY = b"\x80\x02)."


def torchscript(path, body="    return torch.relu(x)\n", code=None, before=CLASS, after="", data=DATA, members=None):
    """An archive of one module; its forward method has the lines of `body`."""
    text = before + FORWARD + body + after if code is None else code
    files = {"data.pkl": data, "code/__torch__.py": text, "constants.pkl": EMPTY, "version": b"3\n"} | (members or {})
    return zipped(path, {f"net/{name}": content for name, content in files.items() if content is not None})


# ── Keras ──


def keras_class(name, module="keras.layers", **config):
    return {"module": module, "class_name": name, "config": config, "registered_name": None}


def keras_file(path, *layers, fill=None, members=None):
    """A ``.keras`` file with these layers; `fill` writes into its HDF5 file of weights."""
    buffer = BytesIO()
    with h5py.File(buffer, "w") as file:
        file["layers/conv2d/vars/0"] = np.zeros((3, 3), "float32")
        if fill:
            fill(file)
    config = keras_class("Functional", "keras.src.models.functional", layers=list(layers))
    files = {"metadata.json": "{}", "config.json": json.dumps(config), "model.weights.h5": buffer.getvalue()}
    return zipped(path, files | (members or {}))


def with_local_name(path, old, new):
    """Give the first entry of a zip another name in its own header than in the directory."""
    data = path.read_bytes()
    assert data.index(old) < data.rindex(old)
    path.write_bytes(data.replace(old, new, 1))
    return path


def with_second_directory(path):
    """Put a directory for readers of large zips before the end, which points to other entries."""
    data = path.read_bytes()
    end = data[-22:]
    count, length, start = struct.unpack("<8x2xH2I2x", end)
    wide = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count - 1, count - 1, length, start)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, len(data) - 22, 1)
    path.write_bytes(data[:-22] + wide + locator + end)
    return path
