"""The pickles of a TorchScript archive: listed instructions, listed objects, and tensors that lie within their storage.

libtorch takes a tensor's offset, sizes and strides as they are written: beyond its storage, it would read and write
the memory of the program; and it takes an object for one of the class that an attribute is declared to hold, and a
tuple for one of the length. So the pickle is played through, with nothing in the place of its objects but notes.
"""

import io
import pickle
import pickletools
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from dfcan_bmz.bundle_file.screen.refusal import UnlistedError, named

ITEM_BYTES = {
    "Float": 4,
    "Double": 8,
    "Half": 2,
    "BFloat16": 2,
    "Long": 8,
    "Int": 4,
    "Short": 2,
    "Char": 1,
    "Byte": 1,
    "Bool": 1,
}
STORAGE = re.compile(r"torch\.([A-Z][A-Za-z0-9]+)Storage")
REBUILD = "torch._utils._rebuild_tensor_v2"
LISTS = {f"torch.jit._pickle.build_{kind}list" for kind in ("int", "double", "bool", "tensor")}
PLAIN = {REBUILD, *LISTS, "torch.jit._pickle.restore_type_tag", "collections.OrderedDict"}
_OPCODES = """
    APPEND APPENDS BINFLOAT BINGET BININT BININT1 BININT2 BINPERSID BINPUT BINSTRING BINUNICODE BUILD EMPTY_DICT
    EMPTY_LIST EMPTY_TUPLE GLOBAL LONG1 LONG_BINGET LONG_BINPUT MARK NEWFALSE NEWOBJ NEWTRUE NONE PROTO REDUCE SETITEM
    SETITEMS SHORT_BINSTRING STOP TUPLE TUPLE1 TUPLE2 TUPLE3
"""
OPCODES = set(_OPCODES.split())


# of a value: name of an object's class, length of a tuple, or None for any other
Form = str | int | None
Classes = Mapping[str, Mapping[str, Form]]


class Kind(NamedTuple):
    """Bytes of a number; libtorch knows kinds by number, which a pickle could name without their name."""

    item_bytes: int


class Storage(NamedTuple):
    """How many numbers lie in a member of the archive."""

    items: int


class _Note:
    """What stands in the place of an object."""

    def __setstate__(self, state: Any) -> None:
        pass

    def __setitem__(self, key: Any, value: Any) -> None:
        pass


class _Object(_Note):
    """What stands in the place of an object of a class of the archive."""

    name: str
    attributes: Mapping[str, Form]

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, dict):
            raise UnlistedError("objects in a pickle without attributes")
        for key, value in state.items():
            if self.attributes.get(key) != _form(value):
                raise UnlistedError(f"attributes of another form than is declared ({named([f'{self.name}.{key}'])})")


def _form(value: Any) -> Form:
    return value.name if isinstance(value, _Object) else len(value) if isinstance(value, tuple) else None


class _Player(pickle.Unpickler):
    """Plays a pickle; it can make notes, numbers, texts, lists, tuples and dictionaries only."""

    def __init__(self, data: bytes, classes: Classes, sizes: Mapping[str, int] | None) -> None:
        super().__init__(io.BytesIO(data), encoding="latin1")
        self.classes, self.sizes = classes, sizes

    def find_class(self, module: str, name: str) -> Any:
        known = f"{module}.{name}"
        if (kind := STORAGE.fullmatch(known)) and kind[1] in ITEM_BYTES:
            return Kind(ITEM_BYTES[kind[1]])
        if known == REBUILD:
            return _rebuild
        if known in PLAIN:
            return lambda *_: _Note()
        if known in self.classes:
            return type("Object", (_Object,), {"name": known, "attributes": self.classes[known]})
        raise UnlistedError(f"objects in a pickle that are not listed ({named([known])})")

    def persistent_load(self, pid: Any) -> Storage:
        match pid:
            case ("storage", Kind(item_bytes), str(key), str(_), int(items)) if items >= 0:
                if self.sizes is None or self.sizes.get(key, -1) >= items * item_bytes:
                    return Storage(items)
        raise UnlistedError("tensors larger than what is stored of them")


def refuse_pickle(data: bytes, classes: Classes, sizes: Mapping[str, int] | None) -> None:
    """Look through a pickle without making any of its objects.

    Parameters
    ----------
    data : bytes
        The pickle.
    classes : mapping
        The classes that the code of the archive declares: for each attribute, its form.
    sizes : mapping or None
        Bytes of every member that tensors may lie in, by the key that the pickle has for it; None where
        no tensor is made.

    Raises
    ------
    UnlistedError
        If it holds anything else, or a tensor reaches beyond its member.
    ValueError
        If it is no pickle.
    """
    if others := {opcode.name for opcode, _, _ in pickletools.genops(data)} - OPCODES:
        raise UnlistedError(f"instructions in a pickle that are not listed ({named(others)})")
    try:
        _Player(data, classes, sizes).load()
    except (pickle.UnpicklingError, AttributeError, IndexError, TypeError) as error:
        raise ValueError(f"a pickle that cannot be run: {error}") from error


def _rebuild(*arguments: Any) -> _Note:
    match arguments:
        case (Storage(items), int(offset), tuple(sizes), tuple(strides), bool(), dict() | _Note()):
            numbers = (offset, *sizes, *strides)
            if all(isinstance(number, int) and number >= 0 for number in numbers) and len(sizes) == len(strides):
                last = offset + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True))
                if 0 in sizes or last < items:
                    return _Note()
    raise UnlistedError("tensors that reach beyond what is stored of them")
