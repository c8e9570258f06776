"""Planes that are in two sets, under whatever name and in whatever format."""

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np

from dfcan_bmz.images import Image

CROP_PX = 32  # side of the crops by which planes are told apart before they are compared as a whole
CROPS = (0.25, 0.5, 0.75)  # of the sides: where the crops lie


def shared_planes(one: Iterable[Image], other: Iterable[Image]) -> tuple[Image, Image] | None:
    """Two images, one of each set, that have a plane in common, pixel by pixel; None where there are none.

    Of most planes three small crops are read, no more. Planes whose crops are constant are passed over.
    """
    known: dict[bytes, list[tuple[Image, int]]] = {}
    for image, index, key in _keys(one):
        known.setdefault(key, []).append((image, index))
    for image, index, key in _keys(other):
        for twin, place in known.get(key, []):
            if np.array_equal(twin.planes[place], image.planes[index]):
                return twin, image
    return None


def _keys(images: Iterable[Image]) -> Iterator[tuple[Image, int, bytes]]:
    """Each plane, and the intensities of its crops as one type, so that formats and types make no difference."""
    for image in images:
        height, width = image.planes.shape[-2:]
        tops, lefts = ([int(share * max(0, side - CROP_PX)) for share in CROPS] for side in (height, width))
        for index in range(len(image.planes)):
            crops = [
                np.asarray(image.planes[index, ..., top : top + CROP_PX, left : left + CROP_PX], np.float64)
                for top, left in zip(tops, lefts, strict=True)
            ]
            if any(np.ptp(crop) > 0 for crop in crops):
                yield image, index, hashlib.sha256(b"".join(map(np.ndarray.tobytes, crops))).digest()
