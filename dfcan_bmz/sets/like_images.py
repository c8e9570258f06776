"""The images that a simulation or a degradation is to be like: ``--like``."""

from pathlib import Path

import numpy as np

from dfcan_bmz import flaws, images
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.events import Events
from dfcan_bmz.fingerprint import SMALLEST_PX, middle
from dfcan_bmz.formats.optics import stated_optics
from dfcan_bmz.formats.pixels import NotFiniteError
from dfcan_bmz.images import Image
from dfcan_bmz.images.selection import find_sources

MOST_PLANES, MOST_OF_A_FILE = 48, 12  # what is looked at
PIXEL_SIZES_ALIKE = 0.02


def read_like(paths: list[Path], events: Events) -> tuple[list[np.ndarray], dict[str, float]]:
    """Read images, folders of images, stacks and movies; and what their metadata say of pixels and optics.

    Planes that are constant or hold NaN or infinity are left out, with a note.

    Raises
    ------
    DfcanError
        If one cannot be read or is too small, or their pixel sizes differ.
    """
    files = find_sources(paths)
    files = files[:: -(-len(files) // MOST_PLANES)]
    most = min(MOST_OF_A_FILE, max(1, MOST_PLANES // len(files)))
    stacks: list[np.ndarray] = []
    stated: list[dict[str, float | None]] = []
    noted: list[tuple[Path, str]] = []
    for file in files:
        image = images.open_lazily(file)
        if min(image.pixels.shape[-2:]) < SMALLEST_PX + 8:
            raise DfcanError(f"{file} is smaller than {SMALLEST_PX + 8} px: give larger images as --like")
        stack, bad = _middles(image, most)
        if not stack:
            raise DfcanError(f"{file} is constant, or holds NaN or infinite pixels: leave it out")
        if bad:
            told = f"left out of --like, as constant or with NaN or infinite pixels: planes {flaws.numbers(bad)}"
            noted.append((file, told))
        noted += [(file, note) for note in image.notes]
        stacks.append(np.stack(stack).astype(np.float64))
        optics = stated_optics(file)
        stated.append({"pixel_nm": image.pixel_size_nm, "na": optics.na, "emission_nm": optics.emission_nm})
    events.notes_of(noted)
    found = {}
    for name in ("pixel_nm", "na", "emission_nm"):
        values = [value for one in stated if (value := one[name])]
        if values and max(values) > (1 + PIXEL_SIZES_ALIKE) * min(values):
            raise DfcanError(
                f"--like holds images of {name} {min(values):g} to {max(values):g}: give those of one microscope"
            )
        if values:
            found[name] = float(values[0])
    return stacks, found


def _middles(image: Image, most: int) -> tuple[list[np.ndarray], list[int]]:
    """The middles, (Y, X) each, of up to `most` planes that show something, and the indices of those that do not."""
    planes = image.planes
    rows, columns = middle(planes.shape[1:])
    sound: list[np.ndarray] = []
    bad: list[int] = []
    for index in range(0, len(planes), -(-len(planes) // most)):
        try:
            part = planes[index, rows, columns]
        except NotFiniteError:
            bad.append(index)
            continue
        if np.ptp(part):
            sound.append(part)
        else:
            bad.append(index)
    return sound, bad
