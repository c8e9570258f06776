"""How an HR plane is registered to its LR plane: by a shift, or by an affine map, to a fraction of a pixel.

Maps are in HR pixels from the middle of the plane, where the middles of LR and HR plane coincide::

    LR pixels      |   0   |   1   |   2   |   3   |
    HR pixels      | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 |
                                   ^ (0, 0)
"""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import affine_transform, gaussian_filter, shift
from skimage.registration import phase_cross_correlation

from dfcan_bmz.data.sampling import block_means

UPSAMPLING = 50  # the shift is told to a fiftieth of an LR pixel
COARSE_PX = 8.0  # what varies more slowly than this sigma is background, in LR pixels
NOISE_PX = 0.7  # and what varies faster than this one is noise
REPEATS = 3
MOST_STEPS = 50
LEAST_AGREEMENT = 0.3  # pairs at 15 photons have 0.5 or more, unrelated images of 128 px 0.2 or less
SMALLEST_STEP = 1e-3  # LR pixels at the border of the plane


class Placement(NamedTuple):
    """Where the HR plane has the content of a position: at ``matrix @ position + shift``.

    Attributes
    ----------
    matrix : numpy.ndarray
        (2, 2); the identity where only a shift was looked for.
    shift : numpy.ndarray
        (2,): down and to the right in HR pixels.
    """

    matrix: np.ndarray
    shift: np.ndarray

    def farthest(self, shape: tuple[int, int]) -> float:
        """Longest way in HR pixels, along an axis, that a corner of an HR plane of this shape is from its place."""
        corners = np.array([[y, x] for y in (-0.5, 0.5) for x in (-0.5, 0.5)]) * shape
        return float(np.abs(corners @ (self.matrix - np.eye(2)).T + self.shift).max())

    def corrected(self, plane: np.ndarray) -> np.ndarray:
        """The plane with its content where it belongs, by cubic splines; shape and type kept."""
        middle = (np.array(plane.shape) - 1) / 2
        offset = middle + self.shift - self.matrix @ middle
        moved = affine_transform(plane.astype(np.float64), self.matrix, offset, order=3, mode="mirror")
        integer = np.issubdtype(plane.dtype, np.integer)
        limits = np.iinfo(plane.dtype) if integer else np.finfo(plane.dtype)
        # splines overshoot; the largest integer of 64 bits is none of float64's numbers
        top = float(limits.max) if float(limits.max) <= limits.max else np.nextafter(float(limits.max), 0)
        return np.clip(np.round(moved) if integer else moved, float(limits.min), top).astype(plane.dtype)


IN_PLACE = Placement(np.eye(2), np.zeros(2))


def find_shift(lr: np.ndarray, hr: np.ndarray) -> Placement:
    """Shift between the planes of a pair, by sub-pixel cross-correlation of the spectrum's middle band.

    Plain phase correlation gives every frequency the same weight; of a noisy widefield image most frequencies hold
    nothing but noise.

    Parameters
    ----------
    lr, hr : numpy.ndarray
        (Y, X) and (sY, sX), each in its own units.
    """
    scale = hr.shape[0] // lr.shape[0]
    fixed, moving = details(lr), details(block_means(hr, scale))
    found = np.zeros(2)
    for _ in range(REPEATS):  # the fading holds both images back, the less the nearer they are
        here = shift(moving, -found, order=3, mode="mirror")
        step, *_ = phase_cross_correlation(_faded(here), _faded(fixed), upsample_factor=UPSAMPLING, normalization=None)
        found = found + step
    return Placement(np.eye(2), found * scale)


def find_affine(lr: np.ndarray, hr: np.ndarray) -> Placement:
    """Affine map between the planes of a pair, by least squares from the shift on (Lucas and Kanade).

    Parameters
    ----------
    lr, hr : numpy.ndarray
        (Y, X) and (sY, sX), each in its own units: gain and offset are fitted too.
    """
    scale = hr.shape[0] // lr.shape[0]
    fixed, moving = details(lr), details(block_means(hr, scale))
    middle = (np.array(lr.shape) - 1) / 2
    y, x = np.arange(lr.shape[0])[:, None] - middle[0], np.arange(lr.shape[1])[None, :] - middle[1]
    weight = _faded(np.ones(lr.shape)).ravel()
    matrix, moved = np.eye(2), find_shift(lr, hr).shift / scale
    for _ in range(MOST_STEPS):
        offset = middle + moved - matrix @ middle
        warped = affine_transform(moving, matrix, offset, order=3, mode="mirror")
        dy, dx = np.gradient(warped)
        columns = [dy * y, dy * x, dx * y, dx * x, dy, dx, warped, np.ones_like(warped)]
        design = np.stack([np.broadcast_to(column, lr.shape).ravel() for column in columns], axis=1)
        solution, *_ = np.linalg.lstsq(design * weight[:, None], fixed.ravel() * weight, rcond=None)
        step = solution[:6] / solution[6]
        matrix, moved = matrix + step[:4].reshape(2, 2), moved + step[4:]
        if np.abs(step[:4]).max() * max(lr.shape) / 2 + np.abs(step[4:]).max() < SMALLEST_STEP:
            break
    return Placement(matrix, moved * scale)


def agreement(lr: np.ndarray, hr: np.ndarray, placement: Placement = IN_PLACE) -> float:
    """Correlation of the details of both planes of a pair, once the HR plane's content is put where it belongs.

    1 where they show the same, about 0 where they have nothing in common.
    """
    scale = hr.shape[0] // lr.shape[0]
    moving = placement._replace(shift=placement.shift / scale).corrected(details(block_means(hr, scale)))
    one, other = (_faded(plane).ravel() for plane in (details(lr), moving))
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other) + 1e-12))


def details(plane: np.ndarray) -> np.ndarray:
    """The band of a plane's spectrum where structure outweighs background and noise; (Y, X) float64."""
    plane = plane.astype(float)
    return gaussian_filter(plane, NOISE_PX) - gaussian_filter(plane, COARSE_PX)


def _faded(plane: np.ndarray) -> np.ndarray:
    return plane * np.outer(*(np.hanning(size + 2)[1:-1] for size in plane.shape))
