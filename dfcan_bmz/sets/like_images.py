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
SMALLEST = SMALLEST_PX + 8
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
        if min(image.pixels.shape[-2:]) < SMALLEST:
            raise DfcanError(f"{file} is smaller than {SMALLEST} px: give larger images as --like")
        stack, bad = _middles(image, most)
        if not stack:
            raise DfcanError(f"{file} is constant, or holds NaN or infinite pixels: leave it out")
        if bad:
            told = f"left out of --like, as constant or with NaN or infinite pixels: planes {flaws.numbers(bad)}"
            noted.append((file, told))
        noted += [(file, note) for note in image.notes]
        whole = np.stack(stack).astype(np.float64)
        inside = without_border(whole)
        if min(inside.shape[-2:]) < SMALLEST:
            raise DfcanError(f"{file} is smaller than {SMALLEST} px inside its constant border: leave it out")
        if inside.shape != whole.shape:
            noted.append((file, "constant border left out of --like"))
        stacks.append(inside)
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


def without_border(stack: np.ndarray) -> np.ndarray:
    """A stack (N, Y, X) without rows and columns at its sides that are constant in any plane, as padding is."""
    for axis in (1, 2):
        shown = np.flatnonzero((np.ptp(stack, axis=3 - axis) > 0).all(axis=0))
        if len(shown):
            stack = np.take(stack, range(shown[0], shown[-1] + 1), axis)
    return stack


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
