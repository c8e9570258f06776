"""What a camera adds to an image, read off the image: offset, gain and read noise."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.fft import dctn, fftn, idctn, ifftn
from scipy.ndimage import gaussian_filter

from dfcan_bmz.simulation.camera import SCMOS
from dfcan_bmz.simulation.clipping import sound

CORNER = 0.5  # cycles a pixel: beyond this circle, in the corners of the spectrum, few microscopes pass any signal
BORDER_PX = 8  # where mirroring bends the image
NEIGHBOURHOOD_PX = 3.0  # sigma of the local mean that a residual is set against
CEILING = 12.0  # residuals are cut at this many times the expected variance: hot pixels, cosmic rays
ROUNDS = 12
WHITE = 1.3  # largest ratio of the power of frame differences on any ring over that in the corners, to be noise alone
DISAGREEMENT = 4.0  # standard errors between the gains of single images and of all, in the median
SMALLEST_GAIN = 1e-6  # of the range: an image without noise
READ_NOISE_SD_E = 0.8  # of cameras in use (sCMOS 1 to 2.5 electrons), where the image does not tell


class Estimate(NamedTuple):
    """A measured number and its standard error, in the same units."""

    value: float
    sd: float


class CameraEstimate(NamedTuple):
    """What was found of a camera.

    Attributes
    ----------
    gain : Estimate
        Counts an electron.
    offset : Estimate
        Counts without light.
    read_noise : Estimate
        Electrons.
    """

    gain: Estimate
    offset: Estimate
    read_noise: Estimate


def measure_camera(stacks: Sequence[np.ndarray]) -> CameraEstimate:
    """Measure a camera from any images that it took.

    The variance of the noise is a line in the mean, ``v = gain (mean - offset) + (gain read)^2`` (photon transfer,
    Janesick 2007). The noise is what an image holds beyond all detail, in the corners of its spectrum; between the
    frames of a movie of which nothing moved, it is their difference. The line is fitted with the weights of a variance
    of Gaussian noise, ``1 / v^2``.

    The line alone cannot tell the offset from the read noise: both only move it. The read noise is taken as that of
    the cameras in use, 1.6 +- 0.8 electrons, as far as the darkest neighbourhood allows it: nothing is darker than the
    offset. Images that do not lie on one line, because each was stretched by itself, are measured one by one; the
    medians are returned.

    Parameters
    ----------
    stacks : sequence of numpy.ndarray
        (N, Y, X) each, of one camera and setting, in counts.
    """
    samples = [_samples(stack) for stack in stacks]
    joint = _camera([np.concatenate(part) for part in zip(*samples, strict=True)])
    planes = [_camera(_samples(plane[None])) for stack in stacks for plane in stack]
    if _agree(planes, joint):
        return joint
    # each image was stretched in its own way, or is of its own setting: no line is that of all
    together = []
    for estimates in zip(*planes, strict=True):
        values = np.array([one.value for one in estimates])
        sd = max(np.median([one.sd for one in estimates]), values.std()) / np.sqrt(len(values))
        together.append(Estimate(float(np.median(values)), float(sd)))
    return CameraEstimate(*together)


def _agree(planes: Sequence[CameraEstimate], joint: CameraEstimate) -> bool:
    """Whether the gains of single planes are that of all planes together, as far as their errors tell."""
    off = [abs(one.gain.value - joint.gain.value) / max(one.gain.sd, 1e-9 * joint.gain.value) for one in planes]
    return bool(np.median(off) < DISAGREEMENT)


def _camera(samples: Sequence[np.ndarray]) -> CameraEstimate:
    """Gain, offset and read noise of one line."""
    mean, squared, share = samples
    (intercept, slope), covariance = _line(mean, squared, share)
    gain = max(float(slope), SMALLEST_GAIN * max(float(np.ptp(mean)), 1e-12))
    gain_sd = float(np.sqrt(covariance[1, 1]))
    read, read_sd = _read_noise(gain, -intercept / gain, float(np.quantile(mean, 0.001)))
    offset = float(-intercept / gain + gain * read**2)
    # of the crossing of the line with zero, and of the read noise that is not known
    towards = np.array([-1 / gain, intercept / gain**2])
    offset_sd = float(np.sqrt(max(towards @ covariance @ towards, 0) + (2 * gain * read * read_sd) ** 2))
    return CameraEstimate(Estimate(gain, gain_sd), Estimate(offset, offset_sd), Estimate(read, read_sd))


def _in_corners(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a plane holds in the corners of its spectrum, and the plane as the filter's square spreads it.

    The filter is scaled so that white noise keeps its variance. Where the noise differs from pixel to pixel, the mean
    square of what is filtered is its variance convolved with the square of the filter.
    """
    height, width = plane.shape
    # mirrored at the borders: a cosine transform of the plane is a Fourier transform of it and its mirror images
    frequency = np.hypot(np.fft.fftfreq(2 * height)[:, None], np.fft.fftfreq(2 * width)[None, :])
    corner = (frequency > CORNER) / np.sqrt((frequency > CORNER).mean())
    spreading = fftn(ifftn(corner).real ** 2).real[:height, :width]
    spectrum = dctn(plane, norm="ortho")
    filtered = idctn(spectrum * corner[:height, :width], norm="ortho")
    return filtered, idctn(spectrum * spreading / spreading[0, 0], norm="ortho")


def _samples(stack: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Local means, squared residuals, and how many independent values each residual is worth."""
    stack = np.asarray(stack, np.float64)
    inner = slice(BORDER_PX, -BORDER_PX)
    differences = np.diff(stack, axis=0) / np.sqrt(2)
    if len(stack) > 1 and _is_white(differences):
        means = np.broadcast_to(stack.mean(axis=0), differences.shape)
        residuals, share = differences, len(differences) / (1.5 * len(differences) - 0.5)  # neighbours share a frame
    else:
        residuals, means = (np.stack(part) for part in zip(*map(_in_corners, stack), strict=True))
        share = 1 - np.pi / 4
    kept = np.stack([sound(plane, NEIGHBOURHOOD_PX, inner) for plane in stack[: len(residuals)]])
    # both smoothed alike, so that the line between them is that between pixels
    means, squared = (
        np.stack([gaussian_filter(plane, NEIGHBOURHOOD_PX)[inner, inner] for plane in planes])[kept]
        for planes in (means, residuals**2)
    )
    return means, squared, np.full(len(means), share)


def _is_white(differences: np.ndarray) -> bool:
    """Whether frame differences are noise alone: no more power at any frequency than in the corners.

    Bleaching and motion change the low frequencies, striped illumination those in between.
    """
    power = np.mean([dctn(one, norm="ortho") ** 2 for one in differences], axis=0)
    frequency = np.hypot(*np.meshgrid(*(np.arange(size) / 2 / size for size in power.shape), indexing="ij"))
    edges = np.linspace(0, CORNER, 9)
    rings = [power[(low <= frequency) & (frequency < high)].mean() for low, high in pairwise(edges)]
    return bool(max(rings) < WHITE * power[frequency > CORNER].mean())


def _line(mean: np.ndarray, squared: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit ``squared = intercept + slope mean`` by iteratively reweighted least squares; values and covariance."""
    design = np.stack([np.ones_like(mean), mean], axis=1)
    floor = 1e-3 * max(squared.mean(), 1e-300)
    variance = np.full_like(mean, squared.mean())
    for _ in range(ROUNDS):
        weight = share / (2 * variance**2)
        cut = np.minimum(squared, CEILING * variance)
        normal = design.T @ (design * weight[:, None])
        line = np.linalg.pinv(normal) @ (design.T @ (weight * cut))
        variance = np.maximum(design @ line, floor)
    return line, np.linalg.pinv(normal)


def _read_noise(gain: float, crossing: float, darkest: float) -> tuple[float, float]:
    """Read noise in electrons: that of the cameras in use, no more than the darkest neighbourhood allows."""
    most = np.sqrt(max(darkest - crossing, 0) / gain)
    grid = np.linspace(0, SCMOS.read_noise_e + 4 * READ_NOISE_SD_E, 400)
    likely = np.exp(-(((grid - SCMOS.read_noise_e) / READ_NOISE_SD_E) ** 2) / 2) * (grid <= most)
    if likely.sum() <= 0:
        return 0.0, READ_NOISE_SD_E / 2
    value = float(np.sum(grid * likely) / likely.sum())
    return value, float(np.sqrt(np.sum((grid - value) ** 2 * likely) / likely.sum()))
