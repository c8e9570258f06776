"""What can be read off images one by one: camera, cut-off, light and background."""

from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple, TypeVar

import numpy as np
from scipy.ndimage import gaussian_filter

from dfcan_bmz.fingerprint import middle, signal_to_noise
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.simulation.camera import SCMOS
from dfcan_bmz.simulation.clipping import clipped
from dfcan_bmz.simulation.cutoff import is_even, measure_cutoff
from dfcan_bmz.simulation.noise import CameraEstimate, Estimate, measure_camera

Items = TypeVar("Items", np.ndarray, list[Any])
PSF_SIGMA = 0.437  # standard deviation of the Gaussian that is as wide as a point spread function, times the cut-off
LARGEST_PX = 512  # side of what is looked at of a plane for its noise and its spectrum
MOST_PLANES = 8  # of all images: a spectrum each
TILE_PX = 128
MOST_TILES = 24
FAINT = 0.3  # of the best signal-to-noise ratio: tiles below it show too little to be matched


class Light(NamedTuple):
    """Light of one tile.

    Attributes
    ----------
    photons : float
        At the 99.9th percentile, above the background.
    background : float
        Light of the darkest percent, as a share of `photons`; of a uniform background and of haze.
    """

    photons: float
    background: float


class Measured(NamedTuple):
    """What was read off the images.

    Attributes
    ----------
    camera : CameraEstimate
        Gain, offset and read noise.
    cutoff_px : Estimate
        Cycles a pixel.
    tiles : list of numpy.ndarray
        (Y, X) each, all of one size; none where all are flat but for a few pixels.
    lights : list of Light
        Of each tile.
    places : list of int
        Number of the place that each tile shows: planes of a stack or movie show the same places.
    whole : bool
        Whether the images hold whole numbers alone.
    black, saturated : float
        Largest share of the pixels of a plane that were cut off at the smallest and at the largest value.
    even : bool
        Whether the noise is alike at the finest scales, as a camera's.
    """

    camera: CameraEstimate
    cutoff_px: Estimate
    tiles: list[np.ndarray]
    lights: list[Light]
    places: list[int]
    whole: bool
    black: float
    saturated: float
    even: bool


def measure(stacks: Sequence[np.ndarray]) -> Measured:
    """Measure images of one microscope and setting.

    Parameters
    ----------
    stacks : sequence of numpy.ndarray
        (N, Y, X) each: images, stacks or movies; at least 32 px a side.
    """
    middles = [np.asarray(stack, np.float64)[:, *middle(stack.shape[-2:], LARGEST_PX)] for stack in stacks]
    camera = measure_camera([_few(planes, MOST_PLANES) for planes in middles])
    some = _few([plane for planes in middles for plane in planes], MOST_PLANES)
    cutoff = measure_cutoff(some)
    black, saturated = np.max([clipped(plane).mean(axis=(1, 2)) for plane in some], axis=0)
    tiles, places = _tiles(stacks)
    return Measured(
        camera,
        cutoff,
        tiles,
        [measure_light(tile, camera, cutoff.value) for tile in tiles],
        places,
        all(np.array_equal(stack, np.round(stack)) for stack in stacks),
        float(black),
        float(saturated),
        is_even(some),
    )


def measure_light(tile: np.ndarray, camera: CameraEstimate, cutoff_px: float) -> Light:
    """Measure the light of a tile, once camera and cut-off are known."""
    psf = PSF_SIGMA / cutoff_px
    electrons = (np.asarray(tile, np.float64) - camera.offset.value) / camera.gain.value
    # noise would raise the highest percentile: half a point spread function takes little of the light but most of it
    calm = gaussian_filter(electrons, psf / 2)
    low, high = np.percentile(calm, (1, 99.9))
    low = max(low, 0.0)
    span = max(high - low, 1e-3)
    return Light(span / SCMOS.quantum_efficiency, low / span)


def _tiles(stacks: Sequence[np.ndarray]) -> tuple[list[np.ndarray], list[int]]:
    """Tiles of one size from all images, without those that show next to nothing, and the number of their place."""
    side = min(TILE_PX, *(min(stack.shape[-2:]) for stack in stacks)) // 2 * 2
    every, place = [], 0
    for stack in stacks:
        height, width = stack.shape[-2:]
        corners = list(product(_starts(height, side), _starts(width, side)))
        every += [(plane, y, x, place + index) for plane in stack for index, (y, x) in enumerate(corners)]
        place += len(corners)
    some = _few(every, MOST_TILES)
    found = [(np.asarray(plane[y : y + side, x : x + side], np.float64), at) for plane, y, x, at in some]
    shown = [(tile, at) for tile, at in found if not scaling_of(tile).flaw]
    ratios = [signal_to_noise(tile) for tile, _ in shown]
    # images of several light levels differ, tiles of one image should not
    least = FAINT * min(max(ratios, default=0.0), 3.0)
    kept = [one for one, ratio in zip(shown, ratios, strict=True) if ratio >= least]
    return [tile for tile, _ in kept], [at for _, at in kept]


def _starts(length: int, side: int) -> list[int]:
    return list(range((length % side) // 2, length - side + 1, side))


def _few(items: Items, most: int) -> Items:
    return items[:: -(-len(items) // most)]
