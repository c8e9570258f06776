"""Protocol buffers as they lie in a file, read without the framework that defines them.

A message is read against the fields that it may have; any other field is refused, so that nothing can hide in one. See
https://protobuf.dev/programming-guides/encoding/ for the encoding.
"""

from collections.abc import Mapping
from typing import NamedTuple

from dfcan_bmz.bundle_file.screen.refusal import UnlistedError

VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
SIZES = {EIGHT_BYTES: 8, FOUR_BYTES: 4}


class Field(NamedTuple):
    """Name of a field and how it may be encoded."""

    name: str
    wires: tuple[int, ...] = (LENGTH,)


def numbers(*names: str) -> list[Field]:
    """Fields that hold numbers, one by one or packed."""
    return [Field(name, (VARINT, LENGTH, FOUR_BYTES, EIGHT_BYTES)) for name in names]


Value = memoryview | int


def read(data: Value, fields: Mapping[int, Field], what: str) -> dict[str, list[Value]]:
    """Read one message.

    Parameters
    ----------
    data : memoryview or int
        Its bytes; a number is no message.
    fields : mapping
        The fields that it may have, by number.
    what : str
        What to call it in a refusal.

    Returns
    -------
    dict
        For each field of `fields`, every value that it has in the message, in order: bytes, or a number.

    Raises
    ------
    UnlistedError
        If it has another field, or one that is encoded in another way.
    ValueError
        If it is no message.
    """
    if isinstance(data, int):
        raise ValueError(f"{what} is a number")
    found: dict[str, list[Value]] = {field.name: [] for field in fields.values()}
    value: Value
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, wire = tag >> 3, tag & 7
        field = fields.get(number)
        if field is None or wire not in field.wires:
            raise UnlistedError(f"field {number} of {what}")
        if wire == VARINT:
            value, position = _varint(data, position)
        else:
            length, position = (SIZES[wire], position) if wire in SIZES else _varint(data, position)
            if position + length > len(data):
                raise ValueError(f"{what} is cut off")
            value = data[position : position + length]
            position += length
        found[field.name].append(value)
    return found


def entries(values: list[Value], what: str) -> list[tuple[str, Value]]:
    """Keys and values of a map from names to messages."""
    pairs = []
    for value in values:
        pair = read(value, {1: Field("key"), 2: Field("value")}, what)
        key, content = (pair[name][-1] if pair[name] else memoryview(b"") for name in ("key", "value"))
        if len(pair["value"]) > 1 or len(pair["key"]) > 1:
            raise UnlistedError(f"an entry of {what} that appears twice")
        pairs.append((text(key), content))
    return pairs


def text(value: Value) -> str:
    """A name; Latin letters with anything else escaped."""
    return bytes(value).decode("ascii", "backslashreplace")


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(data) or shift > 63:
            raise ValueError("a number is cut off")
        byte = data[position]
        value |= (byte & 127) << shift
        position, shift = position + 1, shift + 7
        if byte < 128:
            return value, position
