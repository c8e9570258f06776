"""The chain of pages of a TIFF file, walked before a reader follows it, for a chain may be a ring."""

import struct
from pathlib import Path

from dfcan_bmz.errors import DfcanError

# per magic number: where the first offset stands, and the struct codes of an offset and of a number of tags
LAYOUTS = {42: (4, "I", "H", 12), 43: (8, "Q", "Q", 20)}
BYTE_ORDERS = {b"II": "<", b"MM": ">"}


def refuse_endless_pages(path: Path) -> None:
    """Walk from page to page, two small reads each.

    Whatever else is wrong with the file is left to the reader to name.

    Raises
    ------
    DfcanError
        If the chain comes back to a page that it has passed.
    """
    with path.open("rb") as file:
        start = file.read(4)
        order = BYTE_ORDERS.get(start[:2])
        layout = LAYOUTS.get(struct.unpack(f"{order}H", start[2:])[0]) if order and len(start) == 4 else None
        if layout is None:
            return
        place, offset_code, count_code, tag_size = layout
        passed: set[int] = set()
        try:
            while True:
                offset = _number(file, place, order + offset_code)
                if not offset:
                    return
                if offset in passed:
                    raise DfcanError(f"{path} has a damaged header (its pages form a ring): copy it again")
                passed.add(offset)
                tags = _number(file, offset, order + count_code)
                place = offset + struct.calcsize(order + count_code) + tags * tag_size
        except (struct.error, OverflowError, OSError, ValueError):
            return  # the chain leaves the file


def _number(file, place: int, code: str) -> int:
    file.seek(place)
    return struct.unpack(code, file.read(struct.calcsize(code)))[0]
