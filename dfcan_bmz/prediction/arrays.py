"""Prediction of arrays in memory: NumPy, xarray and, lazily, dask."""

from typing import Any, NamedTuple

import numpy as np

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images import SMALLEST_SPAN
from dfcan_bmz.normalize import Scaling, scaling_of
from dfcan_bmz.prediction.loading import Load, loaded
from dfcan_bmz.prediction.stream import chunk_side
from dfcan_bmz.prediction.tiles import predict_plane, predict_region


class Block(NamedTuple):
    """A block of the output: its rows and columns in output pixels, and what it needs of the input, in LR pixels."""

    rows: slice
    columns: slice
    needs: tuple[slice, slice]


def predict_array(load: Load, array: Any, intensity: str = "unit") -> Any:
    """Super-resolve an array of planes.

    Parameters
    ----------
    load : Load
        How to get the predictor.
    array : numpy.ndarray, xarray.DataArray or dask.array.Array
        (..., Y, X); every plane is predicted by itself. The Y and X of a DataArray are its dimensions of these names,
        in either case, or its last two.
    intensity : {"unit", "keep"}
        0..1, or that mapped to the percentiles of each plane.

    Returns
    -------
    array
        Of the same kind, (..., sY, sX) float32; a dask array is computed when it is asked for, a DataArray keeps its
        dimensions, attributes and coordinates, those along Y and X with 1/s of their spacing.

    Raises
    ------
    DfcanError
        If the array has fewer than two axes, NaN or infinite pixels, or a constant plane.
    """
    kind = type(array).__module__.partition(".")[0]
    if kind == "xarray":
        return _predict_labelled(load, array, intensity)
    if array.ndim < 2:
        raise DfcanError(f"an array of shape {array.shape} holds no image: give (Y, X) or (..., Y, X)")
    if kind == "dask":
        return _predict_lazily(load, array, intensity)
    predictor = loaded(load)
    planes = np.asarray(array).reshape(-1, *array.shape[-2:])
    predicted = [_restored(predict_plane(predictor, plane), _scaling(plane), intensity) for plane in planes]
    return np.stack(predicted).reshape(*array.shape[:-2], *predicted[0].shape)


def _scaling(plane: np.ndarray) -> Scaling:
    if not np.isfinite(plane).all():
        raise DfcanError("the array holds NaN or infinite pixels: replace them")
    scaling = scaling_of(plane)
    if scaling.low == scaling.high:
        raise DfcanError(f"a plane of the array is constant ({scaling.low:g}) but for a few pixels: leave it out")
    if scaling.high - scaling.low < SMALLEST_SPAN:
        raise DfcanError(
            f"a plane of the array spans {scaling.high - scaling.low:.1g} only, which normalisation would take for "
            "nearly flat: multiply it"
        )
    return scaling


def _restored(unit: np.ndarray, scaling: Scaling, intensity: str) -> np.ndarray:
    return scaling.undo(unit) if intensity == "keep" else unit


def _predict_labelled(load: Load, array: Any, intensity: str) -> Any:
    named = {str(dim).lower(): dim for dim in array.dims}
    plane_dims = [named["y"], named["x"]] if {"x", "y"} <= named.keys() else list(array.dims[-2:])
    ordered = array.transpose(..., *plane_dims)
    scale = loaded(load).scale
    coordinates = {}
    for name, coordinate in ordered.coords.items():
        if not set(coordinate.dims) & set(plane_dims):
            coordinates[name] = coordinate
        elif coordinate.dims == (name,) and np.issubdtype(coordinate.dtype, np.number):
            coordinates[name] = (name, _finer(coordinate.values, scale), coordinate.attrs)
    predicted = predict_array(load, ordered.data, intensity)
    result = type(array)(predicted, coordinates, ordered.dims, array.name, array.attrs)
    return result.transpose(*array.dims)


def _finer(values: np.ndarray, scale: int) -> np.ndarray:
    """Coordinates of the output's pixels, whose areas divide those of the input's pixels."""
    places = (np.arange(scale * len(values)) + 0.5) / scale - 0.5
    if len(values) == 1:
        return np.full(scale, values[0], float)
    index = np.clip(np.floor(places).astype(int), 0, len(values) - 2)  # extrapolates by half a pixel at the borders
    return values[index] + (places - index) * (values[index + 1] - values[index])


def _predict_lazily(load: Load, array: Any, intensity: str) -> Any:
    import dask
    import dask.array as da

    planes = array.reshape(-1, *array.shape[-2:])
    scale, tile, side = loaded(load).scale, loaded(load).tile, chunk_side(loaded(load))
    grid = [[_block(y, x, side, scale, tile, array.shape[-2:]) for x in _starts(side, scale * array.shape[-1])]
            for y in _starts(side, scale * array.shape[-2])]  # fmt: skip
    predict, measure = dask.delayed(_predict_block, pure=True), dask.delayed(_scaling, pure=True)
    stacked = []
    for plane in planes:
        scaling = measure(plane)
        blocks = [
            [
                da.from_delayed(
                    predict(load, plane[block.needs], scaling, block, array.shape[-2:], intensity),
                    (block.rows.stop - block.rows.start, block.columns.stop - block.columns.start),
                    np.float32,
                )
                for block in row
            ]
            for row in grid
        ]
        stacked.append(da.block(blocks))
    result = da.stack(stacked)
    return result.reshape(*array.shape[:-2], *result.shape[-2:])


def _starts(side: int, length: int) -> range:
    return range(0, length, side)


def _block(y: int, x: int, side: int, scale: int, tile: int, shape: tuple[int, int]) -> Block:
    rows, columns = (
        slice(start, min(start + side, scale * length)) for start, length in zip((y, x), shape, strict=True)
    )
    # every tile that adds to a block lies within a tile's length of it, mirrored pixels included
    needs = tuple(
        slice(max(0, part.start // scale - tile), min(length, -(-part.stop // scale) + tile))
        for part, length in zip((rows, columns), shape, strict=True)
    )
    return Block(rows, columns, needs)


def _predict_block(
    load: Load, pixels: np.ndarray, scaling: Scaling, block: Block, shape: tuple[int, int], intensity: str
) -> np.ndarray:
    top, left = (part.start for part in block.needs)

    def read(rows: slice, columns: slice) -> np.ndarray:
        return scaling.apply(pixels[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left])

    unit = predict_region(loaded(load), read, shape, block.rows, block.columns)
    return _restored(unit, scaling, intensity)
