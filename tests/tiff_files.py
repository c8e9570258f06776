"""TIFF files byte by byte, with tags that no library writes."""

import struct

import numpy as np

ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 2, 3, 4, 5, 7
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 10: 8, 12: 8}


def text(code, content):
    """A tag of text, which may be in any encoding."""
    content = content.encode() if isinstance(content, str) else content
    return code, ASCII, len(content) + 1, content + b"\0"


def short(code, *values):
    """A tag of 16-bit numbers."""
    return code, SHORT, len(values), struct.pack(f"<{len(values)}H", *values)


def rational(code, above, below):
    """A tag of one fraction."""
    return code, RATIONAL, 1, struct.pack("<II", above, below)


def write_tiff(path, stack, tags=(), bits=None, header=b"", first_tags=(), without=None, pack=bytes):
    """Write one uncompressed page a plane, each with `tags`, the first with `first_tags` too.

    `bits` packs whole numbers of fewer than 8, or 12, bits; `header` is what lies between the 8 bytes of the file's
    header and its first page; no page has the tag `without`; `pack` compresses a page, whose length stays that before.
    """
    stack = stack.reshape(-1, *stack.shape[-2:])
    kind = {"u": 1, "i": 2, "f": 3}[stack.dtype.kind]
    content = bytearray(struct.pack("<2sHI", b"II", 42, 8 + len(header)) + header)
    for index, plane in enumerate(stack):
        data = packed(plane, bits) if bits else plane.astype(plane.dtype.newbyteorder("<")).tobytes()
        height, width = plane.shape
        own = [short(256, width), short(257, height), short(258, bits or 8 * plane.dtype.itemsize), short(259, 1)]
        own += [short(262, 1), (273, LONG, 1, b""), short(277, 1), short(278, height)]
        own += [(279, LONG, 1, struct.pack("<I", len(data))), short(339, kind), *tags, *(() if index else first_tags)]
        given = {code for code, *_ in (*tags, *(() if index else first_tags))}
        own = [tag for place, tag in enumerate(own) if (tag[0] not in given or place >= 10) and tag[0] != without]
        own.sort(key=lambda tag: tag[0])
        behind = len(content) + 2 + 12 * len(own) + 4
        table, values = bytearray(struct.pack("<H", len(own))), bytearray()
        longs = sum(len(value) + len(value) % 2 for _, _, _, value in own if len(value) > 4)
        for code, type_, count, value in own:
            value = struct.pack("<I", behind + longs) if code == 273 else value
            assert len(value) == count * SIZES[type_]
            if len(value) > 4:
                place = struct.pack("<I", behind + len(values))
                values += value + b"\0" * (len(value) % 2)
            else:
                place = value.ljust(4, b"\0")
            table += struct.pack("<HHI", code, type_, count) + place
        data = pack(data)
        data += b"\0" * (len(data) % 2)
        following = behind + longs + len(data) if index < len(stack) - 1 else 0
        content += table + struct.pack("<I", following) + values + data
    path.write_bytes(content)
    return path


def packed(plane, bits):
    """Rows of numbers of `bits` bits, the highest bit first, each row padded to whole bytes."""
    shifts = np.arange(bits - 1, -1, -1)
    return np.packbits((plane[..., None].astype(int) >> shifts & 1).reshape(len(plane), -1), axis=1).tobytes()
