"""Prediction of a plane of any size, tile by tile: the network always sees the tile it was made for."""

from typing import Any, NamedTuple

import numpy as np

from dfcan_bmz.engines import Network
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.tiling import spans


class Predictor(NamedTuple):
    """A network and how to feed it.

    Attributes
    ----------
    name : str
        What tables and figures call it, e.g. ``DFCAN``.
    network : callable
        (N, H, W, 1) to (N, sH, sW, 1) float32, intensities of about 0..1.
    scale : int
        Scale factor s.
    tile : int
        Side of the tiles in LR pixels.
    halo : int
        Outer pixels of a tile whose prediction is thrown away, in LR pixels.
    target : {"own", "input"}
        What the output's 0..1 means: the target's own percentiles, or those of the input.
    smoothing_px : float or None
        The rival's best sigma on the validation images, in LR pixels; None where it is not known.
    domain : dict or None
        What the training saw, as `dfcan_bmz.evaluation.domain` describes it; None where it is not known.
    """

    name: str
    network: Network
    scale: int
    tile: int
    halo: int
    target: str
    smoothing_px: float | None
    domain: dict[str, Any] | None = None


def predict_plane(predictor: Predictor, plane: np.ndarray) -> np.ndarray:
    """Super-resolve one plane.

    Parameters
    ----------
    predictor : Predictor
        The model.
    plane : numpy.ndarray
        (Y, X), any size, in any units.

    Returns
    -------
    numpy.ndarray
        (sY, sX) float32 in [0, 1].
    """
    return predict_unit(predictor, scaling_of(plane).apply(plane))


def predict_unit(predictor: Predictor, unit: np.ndarray) -> np.ndarray:
    """Super-resolve a plane that is normalised already; (Y, X) float32 to (sY, sX) float32 in [0, 1]."""
    s, tile, halo = predictor.scale, predictor.tile, predictor.halo
    height, width = unit.shape
    # mode "symmetric", as bioimageio.core has it; it also extends images of a single row
    padding = [(halo, halo + max(0, tile - 2 * halo - size)) for size in unit.shape]
    padded = np.pad(unit, padding, mode="symmetric")
    output = np.empty((s * height, s * width), np.float32)
    for y in spans(height, tile, halo):
        for x in spans(width, tile, halo):
            batch = padded[None, y.keep_from : y.keep_from + tile, x.keep_from : x.keep_from + tile, None]
            predicted = predictor.network(batch)[0, s * halo :, s * halo :, 0]
            rows, columns = s * (y.keep_to - y.keep_from), s * (x.keep_to - x.keep_from)
            output[s * y.keep_from : s * y.keep_to, s * x.keep_from : s * x.keep_to] = predicted[:rows, :columns]
    return np.clip(output, 0, 1)
