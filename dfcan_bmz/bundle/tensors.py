"""Test tensors, sample images and cover of a bundle: a crop of the sample image of its run, and the prediction."""

import math
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from dfcan_bmz import images
from dfcan_bmz.bundle.describe import COVER, SAMPLE_INPUT, SAMPLE_OUTPUT, TEST_INPUT, TEST_OUTPUT
from dfcan_bmz.bundle.source import Source
from dfcan_bmz.data.patches import richest_crop
from dfcan_bmz.data.planes import Plane
from dfcan_bmz.engines import keras_v3
from dfcan_bmz.export import FILE_NAMES
from dfcan_bmz.normalize import HIGH_PERCENTILE, LOW_PERCENTILE, scaling_of
from dfcan_bmz.report.cover import write_cover
from dfcan_bmz.tiling import reflected


class Sample(NamedTuple):
    """A tile of a run's sample image, mirrored where that is smaller; and how much of the tile is the image.

    Attributes
    ----------
    tile : numpy.ndarray
        (side, side) or (frames, side, side).
    shown : tuple of int
        Rows and columns that are the image.
    calibration : images.Calibration
        Of the image.
    """

    tile: np.ndarray
    shown: tuple[int, int]
    calibration: images.Calibration


def read_sample(run: Path, side: int) -> Sample:
    """Cut the tile with most detail out of a run's sample image."""
    lr, hr = (images.read(run / name) for name in ("sample_lr.tif", "sample_hr.tif"))
    plane = Plane(np.asarray(lr.pixels), np.asarray(hr.pixels))
    crop = richest_crop(plane, min(side, *plane.lr.shape[-2:])).lr
    height, width = crop.shape[-2:]
    tile = crop[..., reflected(0, side, height)[:, None], reflected(0, side, width)]
    return Sample(tile, (height, width), lr.calibration)


def write_tensors(folder: Path, sample: Sample, source: Source) -> None:
    """Write test tensors, sample images and a cover; `folder` holds the Keras weights."""
    tile, shown, enlarged = sample.tile, sample.shown, source.enlarged
    raw = levelled(tile.astype(np.float32).repeat(enlarged, -2).repeat(enlarged, -1))
    unit = scaling_of(raw).apply(raw)
    with keras.device("cpu"):  # as the formats are compared
        network = keras_v3.load(folder / FILE_NAMES["keras_v3"])
        output = np.clip(network(images.channels_last(unit)[None]), 0, 1)
    given = unit if source.recipe.input == "prepared" else raw
    np.save(folder / TEST_INPUT, images.channels_last(given)[None])
    np.save(folder / TEST_OUTPUT, output)
    for name, pixels in ((SAMPLE_INPUT, given), (SAMPLE_OUTPUT, output[0, :, :, 0])):
        finer = sample.calibration.finer(pixels.shape[-1] / tile.shape[-1])
        images.write(folder / name, pixels, "CYX"[-pixels.ndim :], finer)
    lr, s = images.mean_frame(unit)[::enlarged, ::enlarged], output.shape[1] // tile.shape[-1]
    write_cover(folder / COVER, lr[: shown[0], : shown[1]], output[0, : s * shown[0], : s * shown[1], 0])


def levelled(tile: np.ndarray) -> np.ndarray:
    """Level the few darkest and the few brightest pixels, so that every definition of a percentile agrees on the tile.

    bioimageio.core interpolates between ranks, deepImageJ takes the nearest rank below. On a tile of 64 px that made
    0.003 in the output, and the zoo's test of deepImageJ tolerates 1.5e-4.
    """
    ranked, last = np.sort(tile, axis=None), tile.size - 1
    low, high = ranked[math.ceil(last * LOW_PERCENTILE / 100)], ranked[math.floor(last * HIGH_PERCENTILE / 100)]
    return np.clip(tile, low, high)
