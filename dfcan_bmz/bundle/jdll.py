"""How Fiji tiles and normalises: deepImageJ 3 runs JDLL, whose rules are repeated here as arithmetic.

Repeats JDLL 0.6.1 and 0.6.3. Held in the tests against what their own classes did with test descriptions, and compared
in November 2026 with deepImageJ 3.1.0 in ImageJ 1.54p: equal to 1e-6 where percentiles are. Beside our own
prediction it differs in two things: percentiles are nearest ranks, and an image smaller than a tile is put into the
middle of it, input and output each for itself. If a side differs from the tile by an odd number, the two middles do
not agree, and the output is shifted.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from dfcan_bmz.engines import Network
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images import channels_last

MOST_PIXELS = 3 * 4096**2  # of a tile


class Window(NamedTuple):
    """One tile along one axis of an image.

    Attributes
    ----------
    start : int
        First pixel that the tile reads; negative where the mirrored border begins.
    margin : int
        Pixels at the tile's beginning that are thrown away.
    kept : int
        Pixels after them that are kept, at ``start + margin`` of the image.
    """

    start: int
    margin: int
    kept: int


def tile_side(size: int | dict[str, int], length: int, halo: int) -> int:
    """Side of the tiles along an axis.

    Parameters
    ----------
    size : int or dict
        The input axis's size: fixed, or ``min`` and ``step``.
    length, halo : int
        Input pixels of the image and of the halo.

    Returns
    -------
    int
        Input pixels.

    Raises
    ------
    DfcanError
        Where JDLL throws: a tile that `size` does not allow, or one of more than three times the image.
    """
    tile = size if isinstance(size, int) else _free_tile(size["min"], size["step"], length, halo)
    if tile > 3 * length:
        raise DfcanError(f"deepImageJ refuses {length} px under tiles of {tile}: an image needs a third of a tile")
    return tile


def _free_tile(least: int, step: int, length: int, halo: int) -> int:
    tile = (length + 2 * halo) // step * step
    if tile > 3 * length and tile - step >= least:
        tile -= step
    around = -(-length // step) * step
    if tile > 3 * length and around >= least:
        tile = around
    if (tile - least) % step:
        raise DfcanError(f"deepImageJ refuses tiles of {tile} px: min {least} is not a multiple of step {step}")
    return tile


def windows(length: int, tile: int, halo: int) -> list[Window]:
    """Place the tiles along an axis of `length` pixels; input and output are placed each by their own numbers."""
    count = math.ceil(length / (tile - 2 * halo))
    before = max(halo, math.ceil((tile - length) / 2))
    after = max(halo, tile - length - before)
    kept = tile - before - after
    return [Window(min(kept * i, length - kept) - before, before, kept) for i in range(count)]


def scale_range(image: np.ndarray, min_percentile: float, max_percentile: float, eps: float) -> np.ndarray:
    """Map two percentiles, the nearest ranks below, to 0 and 1; float32, shape kept."""
    ranked = np.sort(image, axis=None).astype(float)
    low, high = (
        ranked[min(int(ranked.size * (percentile / 100)), ranked.size - 1)]
        for percentile in (min_percentile, max_percentile)
    )
    return ((image - low) / (high - low + eps)).astype(np.float32)


def preprocess(content: dict[str, Any], image: np.ndarray) -> np.ndarray:
    """Apply a description's preprocessing to a whole image, (Y, X) or (frames, Y, X) float32."""
    return _apply(content["inputs"][0].get("preprocessing", []), image.astype(np.float32))


def predict(content: dict[str, Any], network: Network, image: np.ndarray) -> np.ndarray:
    """Run a bundle of one image in and one image out as deepImageJ does: preprocess, tile, stitch, postprocess.

    Parameters
    ----------
    content : dict
        ``rdf.yaml``, format 0.5, with axes batch, y, x, channel.
    network : callable
        (1, H, W, C) to (1, sH, sW, 1) float32.
    image : numpy.ndarray
        (Y, X) or (C, Y, X) in any units; in ImageJ, an image of C channels.

    Returns
    -------
    numpy.ndarray
        (sY, sX) float32.

    Raises
    ------
    DfcanError
        Where JDLL throws or does not return, and for processing that is not emulated here.
    """
    unit = preprocess(content, image)
    source = {axis["id"]: axis for axis in content["inputs"][0]["axes"] if axis["type"] == "space"}
    target = {axis["id"]: axis for axis in content["outputs"][0]["axes"] if axis["type"] == "space"}
    tiles, inputs, outputs, lengths = [], [], [], []
    for axis, length in zip("yx", unit.shape[-2:], strict=True):
        size, halo = target[axis]["size"], target[axis].get("halo", 0)
        if isinstance(size, int) and halo:
            raise DfcanError("deepImageJ refuses a halo on an output of fixed size: refer to the input's size")
        scale = size / source[axis]["size"] if isinstance(size, int) else target[axis].get("scale", 1)
        tiles.append(tile_side(source[axis]["size"], length, int(halo / scale)))
        inputs.append(windows(length, tiles[-1], int(halo / scale)))
        offset = 0 if isinstance(size, int) else size.get("offset", 0)
        lengths.append(int(length * scale + 2 * offset))
        outputs.append(windows(lengths[-1], int(tiles[-1] * scale), halo))
    if not isinstance(source["y"]["size"], int) and math.prod(tiles) > MOST_PIXELS:
        raise DfcanError(f"deepImageJ makes one tile of {tiles[1]} x {tiles[0]} px of it, and never returns")
    margins = [
        max(-axis[0].start, axis[-1].start + tile - length)
        for axis, tile, length in zip(inputs, tiles, unit.shape[-2:], strict=True)
    ]
    unchanged = [(0, 0)] * (unit.ndim - 2)
    mirrored = np.pad(unit, [*unchanged, *((margin, margin) for margin in margins)], mode="symmetric")
    stitched = np.zeros(lengths, np.float32)
    for y, out_y in zip(inputs[0], outputs[0], strict=True):
        for x, out_x in zip(inputs[1], outputs[1], strict=True):
            top, left = y.start + margins[0], x.start + margins[1]
            tile = mirrored[..., top : top + tiles[0], left : left + tiles[1]]
            predicted = network(channels_last(tile)[None])[0, :, :, 0]
            _insert(stitched, predicted, out_y, out_x)
    return _apply(content["outputs"][0].get("postprocessing", []), stitched)


def _insert(stitched: np.ndarray, predicted: np.ndarray, y: Window, x: Window) -> None:
    rows, columns = (slice(w.start + w.margin, w.start + w.margin + w.kept) for w in (y, x))
    stitched[rows, columns] = predicted[y.margin : y.margin + y.kept, x.margin : x.margin + x.kept]


def _apply(steps: list[dict[str, Any]], image: np.ndarray) -> np.ndarray:
    for step in steps:
        kwargs = step["kwargs"]
        if step["id"] == "scale_range":
            settings = kwargs["min_percentile"], kwargs["max_percentile"], kwargs.get("eps", 1e-6)
            if image.ndim == 2 or "channel" in (kwargs.get("axes") or ["channel"]):
                image = scale_range(image, *settings)
            else:
                image = np.stack([scale_range(frame, *settings) for frame in image])
        elif step["id"] == "clip":
            image = np.clip(image, kwargs["min"], kwargs["max"])
        else:
            raise DfcanError(f"{step['id']} is not emulated: try the bundle in Fiji itself")
    return image
