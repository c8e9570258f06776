"""Micrographs at the door: an image with its planes, intensities, calibration and notes; reading, finding, writing."""

from dfcan_bmz.formats.calibration import UNKNOWN, Calibration
from dfcan_bmz.formats.known import ENDINGS
from dfcan_bmz.images.folders import find, is_folder_of_images, left_out, name_of, others, stem_of, told_of_other
from dfcan_bmz.images.frames import Frames, averaged, channels_last, grouped, mean_frame
from dfcan_bmz.images.image import Image, in_memory, intensity_range
from dfcan_bmz.images.opening import SINGLE, open_lazily, open_planes, read
from dfcan_bmz.images.writing import create, notes_of, writable, write, writer

__all__ = [
    "ENDINGS",
    "SINGLE",
    "UNKNOWN",
    "Calibration",
    "Frames",
    "Image",
    "averaged",
    "channels_last",
    "create",
    "find",
    "grouped",
    "in_memory",
    "intensity_range",
    "is_folder_of_images",
    "left_out",
    "mean_frame",
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
