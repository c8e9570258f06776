"""Micrographs at the door: an image with its planes, intensities, calibration and notes; reading, finding, writing."""

from dfcan_bmz.formats.calibration import UNKNOWN, Calibration
from dfcan_bmz.formats.known import ENDINGS
from dfcan_bmz.images.folders import find, is_folder_of_images, name_of, others, stem_of, told_of_other
from dfcan_bmz.images.image import (
    Image,
    in_memory,
    intensity_range,
    open_lazily,
    open_planes,
    read,
)
from dfcan_bmz.images.writing import create, notes_of, writable, write, writer

__all__ = [
    "ENDINGS",
    "UNKNOWN",
    "Calibration",
    "Image",
    "create",
    "find",
    "in_memory",
    "intensity_range",
    "is_folder_of_images",
    "name_of",
    "notes_of",
    "open_lazily",
    "open_planes",
    "others",
    "read",
    "stem_of",
    "told_of_other",
    "writable",
    "write",
    "writer",
]
