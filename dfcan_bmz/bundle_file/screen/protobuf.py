"""Protocol buffers as they lie in a file, read without the framework that defines them.

A message is read against the fields that it may have; any other field is refused, so that nothing can hide in one. See
https://protobuf.dev/programming-guides/encoding/ for the encoding.
"""

from collections.abc import Mapping
from typing import NamedTuple

from dfcan_bmz.bundle_file.screen.refusal import Patience, UnlistedError

VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
SIZES = {EIGHT_BYTES: 8, FOUR_BYTES: 4}
MOST_FIELDS = 2_000_000  # of a file: two bytes make one, and hardly take room in a zip


class Field(NamedTuple):
    """Name of a field and how it may be encoded."""

    name: str
    wires: tuple[int, ...] = (LENGTH,)


def numbers(*names: str) -> list[Field]:
    """Fields that hold numbers, one by one or packed."""
    return [Field(name, (VARINT, LENGTH, FOUR_BYTES, EIGHT_BYTES)) for name in names]


class Part(NamedTuple):
    """Bytes of a file, and the bound on what is read of it."""

    data: memoryview
    patience: Patience


Value = Part | int


def whole(data: bytes) -> Part:
    """All bytes of a file."""
    return Part(memoryview(data), Patience(MOST_FIELDS))


def read(part: Value, fields: Mapping[int, Field], what: str) -> dict[str, list[Value]]:
    """Read one message.

    Parameters
    ----------
    part : Part or int
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
        If it has another field, or one that is encoded in another way, or its file has more than `MOST_FIELDS`.
    ValueError
        If it is no message.
    """
    if isinstance(part, int):
        raise ValueError(f"{what} is a number")
    data, patience = part
    found: dict[str, list[Value]] = {field.name: [] for field in fields.values()}
    value: Value
    position = 0
    while position < len(data):
        patience.step()
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
            value = Part(data[position : position + length], patience)
            position += length
        found[field.name].append(value)
    return found


def entries(values: list[Value], what: str) -> list[tuple[str, Value]]:
    """Keys and values of a map from names to messages."""
    pairs = []
    for value in values:
        pair = read(value, {1: Field("key"), 2: Field("value")}, what)
        key, content = (pair[name][-1] if pair[name] else whole(b"") for name in ("key", "value"))
        if len(pair["value"]) > 1 or len(pair["key"]) > 1:
            raise UnlistedError(f"an entry of {what} that appears twice")
        pairs.append((text(key), content))
    return pairs


def text(value: Value) -> str:
    """A name; Latin letters with anything else escaped."""
    return "" if isinstance(value, int) else bytes(value.data).decode("ascii", "backslashreplace")


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
