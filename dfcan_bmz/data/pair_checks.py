"""Whether pairs can be trusted: sizes, registration, agreement, and fields of view that are in the set twice."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.ndimage import uniform_filter

from dfcan_bmz import flaws, images
from dfcan_bmz.data.pairs import AS_PAIRED, Pair, open_any, scale_between
from dfcan_bmz.data.registration import LEAST_AGREEMENT, agreement, find_shift
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images import Frames, Image
from dfcan_bmz.normalize import scaling_of, within_float32

MOST_SHIFT_PX = 1.0  # HR pixels
SURE = 0.8  # a shift is believed if undoing it leaves at most this share of the disagreement
PIXEL_SIZE_ERROR = 0.02  # of the ratio of both pixel sizes
BLOCKS = 32  # blocks a side
SAME = 0.8  # correlation of coarse structures: one field at two exposures has 0.96, different fields 0.2 at most
CHUNK = 512  # images that are compared with all others at once


class PairCheck(NamedTuple):
    """One pair.

    Attributes
    ----------
    name, fov : str
        As in the manifest.
    hr : pathlib.Path
        The HR image. Its folder tells apart the sets that are inspected together: their names may be the same.
    scale : int or None
        HR pixels an LR pixel; None where the sizes do not fit or a file cannot be read.
    down_px, right_px : float
        How far the content of the HR image lies from where the LR image has it, in HR pixels.
    agreement : float
        Correlation of the details of both images once the shift is undone.
    structure : numpy.ndarray or None
        (BLOCKS ** 2,) float32 of mean 0 and norm 1, from the HR image.
    problems : tuple of str
        One line each.
    """

    name: str
    fov: str
    hr: Path
    scale: int | None = None
    down_px: float = np.nan
    right_px: float = np.nan
    agreement: float = np.nan
    structure: np.ndarray | None = None
    problems: tuple[str, ...] = ()

    @property
    def shift_px(self) -> float:
        """Length of the shift in HR pixels."""
        return float(np.hypot(self.down_px, self.right_px))


def check_pair(pair: Pair, frames: Frames = AS_PAIRED) -> PairCheck:
    """Check one pair by the sound planes of a stack next to its middle; what is wrong with it is told, not raised."""
    try:
        lr, hr = open_any(pair, frames)
        lr = images.averaged(lr)
        scale = scale_between(lr, hr)
        planes = _planes_to_check(lr, hr)
    except DfcanError as error:
        return PairCheck(pair.name, pair.fov, pair.hr, problems=(str(error),))
    if planes is None:  # which the survey of its images reports
        return PairCheck(pair.name, pair.fov, pair.hr)
    lr_plane, hr_plane = planes
    placement = find_shift(lr_plane, hr_plane)
    down, right = map(float, placement.shift)
    in_place, agreed = agreement(lr_plane, hr_plane), agreement(lr_plane, hr_plane, placement)
    check = PairCheck(pair.name, pair.fov, pair.hr, scale, down, right, agreed, coarse_structure(hr_plane))
    problems = []
    if agreed < LEAST_AGREEMENT:
        problems.append(f"{pair.name}: LR and HR image hardly agree (correlation {agreed:.2f}): are they a pair?")
    elif check.shift_px > MOST_SHIFT_PX and 1 - agreed < SURE * (1 - in_place):
        problems.append(
            f"{pair.name}: the HR image is shifted {down:+.1f} HR px down and {right:+.1f} to the right of the LR "
            "image: run `dfcan-bmz align`"
        )
    lr_pixel_nm = lr.pixel_size_nm or pair.pixel_size_nm
    if lr_pixel_nm and hr.pixel_size_nm and abs(lr_pixel_nm / hr.pixel_size_nm / scale - 1) > PIXEL_SIZE_ERROR:
        problems.append(
            f"{pair.name}: pixels of {lr_pixel_nm:.4g} and {hr.pixel_size_nm:.4g} nm do not fit a scale factor of "
            f"{scale}: correct the one that is wrong (Fiji: Image > Properties; or manifest.csv)"
        )
    return check._replace(problems=tuple(problems))


def _planes_to_check(lr: Image, hr: Image) -> tuple[np.ndarray, np.ndarray] | None:
    """Those planes of a pair next to the middle that can be normalised in both images; None where there are none."""
    count = len(lr.planes)
    for index in sorted(range(count), key=lambda index: abs(index - count // 2)):
        lr_plane, hr_plane = (flaws.finite_plane(image, index) for image in (lr, hr))
        if lr_plane is None or hr_plane is None:
            continue
        scalings = scaling_of(lr_plane), scaling_of(hr_plane)
        if not any(scaling.flaw for scaling in scalings):
            return within_float32(lr_plane, scalings[0]), within_float32(hr_plane, scalings[1])
    return None


def same_fields(checks: list[PairCheck]) -> list[tuple[Path, Path]]:
    """Pairs of different fields of view, or of different sets, whose HR images show the same.

    Returns
    -------
    list of (pathlib.Path, pathlib.Path)
        HR images, one couple for each two fields.
    """
    shown = [check for check in checks if check.structure is not None]
    # levels of one field repeat its HR image
    firsts = list({(check.hr.parent, check.fov): check for check in reversed(shown)}.values())[::-1]
    prints = np.array([check.structure for check in firsts])
    found = []
    for start in range(0, len(firsts), CHUNK):
        alike = prints[start : start + CHUNK] @ prints.T > SAME
        found += [(start + one, other) for one, other in np.argwhere(alike).tolist() if start + one < other]
    return [(firsts[one].hr, firsts[other].hr) for one, other in found]


def coarse_structure(hr: np.ndarray) -> np.ndarray | None:
    """Means of blocks without what varies slowly, such as the illumination; None for a flat image."""
    edges = [np.linspace(0, size, BLOCKS + 1).astype(int) for size in hr.shape]
    rows, columns = (edge[:-1] for edge in edges)
    sums = np.add.reduceat(np.add.reduceat(hr.astype(np.float64), rows, axis=0), columns, axis=1)
    means = sums / np.maximum(np.outer(*(np.diff(edge) for edge in edges)), 1)
    deviation = (means - uniform_filter(means, BLOCKS // 4)).ravel()
    norm = np.linalg.norm(deviation)
    return (deviation / norm).astype(np.float32) if norm > 0 else None
