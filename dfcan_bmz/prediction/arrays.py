"""Prediction of arrays in memory: NumPy, xarray and, lazily, dask."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dfcan_bmz import flaws, images
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.model import Load, Model, averaged, load_of, loaded, refuse_other
from dfcan_bmz.normalize import Scaling, scaling_of
from dfcan_bmz.prediction.job import Options, chunk_side, encode
from dfcan_bmz.prediction.tiles import predict_region, predict_unit

ARRAY = "the array"  # what messages call it
INTENSITIES = ("unit", "keep")


class Block(NamedTuple):
    """A block of the output: its rows and columns in output pixels, and what it needs of the input, in LR pixels."""

    rows: slice
    columns: slice
    needs: tuple[slice, slice]


def predict(
    model: str | Path | Model,
    image: Any,
    intensity: str = "unit",
    engine: str = "auto",
    precision: str = "float32",
    trusted: bool = False,
    ensemble: bool = False,
) -> Any:
    """Super-resolve an array or an image file.

    Parameters
    ----------
    model : str, pathlib.Path or Model
        A run folder, a bundle, the name of a model, or what `open_model` returned; it is loaded once, however often it
        is used, and again when it has changed.
    image : numpy.ndarray, xarray.DataArray, dask.array.Array, str or pathlib.Path
        (..., Y, X) of any size, in any units; every plane is predicted by itself. The Y and X of a DataArray are its
        dimensions of these names, in either case, or its last two. For a network of several frames,
        (..., frames, Y, X). Of a file, its pixels.
    intensity : {"unit", "keep"}
        0..1, or that mapped to the percentiles of each plane.
    engine, precision, trusted
        As `open_model` has them; of no meaning for a model that is open.
    ensemble : bool
        Whether it is the mean of the predictions of each tile in its eight orientations.

    Returns
    -------
    array
        Of the same kind, (..., sY, sX) float32, without an axis of frames; a dask array is computed when it is asked
        for, a DataArray keeps its dimensions, attributes and coordinates, those along Y and X with 1/s of their
        spacing.

    Raises
    ------
    DfcanError
        If the model cannot be opened, or the image has fewer than two axes, or no plane that can be normalised (of a
        lazy array: if its one plane cannot be).

    Warns
    -----
    UserWarning
        Of planes that cannot be normalised, as they are constant or hold NaN or infinity: they are 0 in the output.

    Examples
    --------
    >>> sharp = dfcan_bmz.predict("runs/actin", tifffile.imread("cell.tif"))
    """
    load: Load | Model
    if isinstance(model, Model):
        load = averaged(model) if ensemble else model
    else:
        load = load_of(Path(model), engine, precision, trusted=trusted, ensemble=ensemble)
    array = np.asarray(images.read(Path(image)).pixels) if isinstance(image, str | Path) else image
    return predict_array(load, array, intensity)


def predict_array(
    load: Load | Model, array: Any, intensity: str = "unit", on_tile: Callable[[], None] = lambda: None
) -> Any:
    """Super-resolve an array of planes, as `predict` does, with a model or with what loads it where it is needed.

    Where the array is in memory, `on_tile` is called after each tile; what it raises ends the prediction.
    """
    refuse_other("intensity", intensity, INTENSITIES)
    kind = type(array).__module__.partition(".")[0]
    if kind == "xarray":
        return _predict_labelled(load, array, intensity)
    if array.ndim < 2 or not array.size:
        raise DfcanError(f"an array of shape {array.shape} is not an image: give (Y, X) or (..., Y, X)")
    if kind == "dask":
        return _predict_lazily(load, array, intensity)
    predictor = loaded(load)
    leading, shape = _parts(predictor, array)
    planes = np.asarray(array).reshape(-1, *shape)
    scalings = [scaling_of(plane) for plane in planes]
    _refuse_or_warn(scalings, planes.dtype, intensity)
    predicted = [
        _blank(plane.shape[-2:], predictor.scale)
        if scaling.flaw
        else _restored(predict_unit(predictor, scaling.apply(plane), on_tile), scaling, intensity)
        for plane, scaling in zip(planes, scalings, strict=True)
    ]
    return np.stack(predicted).reshape(*leading, *predicted[0].shape)


def _parts(predictor: Model, array: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Lengths of the axes of an array that count planes, and the shape of a plane: (Y, X) or (frames, Y, X).

    Raises
    ------
    DfcanError
        If a plane has not as many frames as the network takes.
    """
    count, axes = predictor.frames.number, predictor.plane_axes
    shape = array.shape[-axes:]
    if count > 1 and (len(shape) < axes or shape[0] != count):
        raise DfcanError(
            f"{predictor.name} takes {count} frames for each image, and the array is {array.shape}: give "
            f"(..., {count}, Y, X)"
        )
    return array.shape[:-axes], shape


def _refuse_or_warn(scalings: list[Scaling], dtype: np.dtype, intensity: str) -> None:
    flaws.refuse_flawed(ARRAY, scalings)
    if intensity == "keep":
        flaws.refuse_lost(ARRAY, dtype, scalings)
    for line in flaws.told(ARRAY, scalings, "left blank"):
        warnings.warn(line, stacklevel=5)


def _blank(shape: tuple[int, int], scale: int) -> np.ndarray:
    return np.zeros((scale * shape[0], scale * shape[1]), np.float32)


def _restored(unit: np.ndarray, scaling: Scaling, intensity: str) -> np.ndarray:
    return encode(unit, scaling, Options(intensity), ARRAY)[0]


def _predict_labelled(load: Load | Model, array: Any, intensity: str) -> Any:
    named = {str(dim).lower(): dim for dim in array.dims}
    plane_dims = [named["y"], named["x"]] if {"x", "y"} <= named.keys() else list(array.dims[-2:])
    ordered = array.transpose(..., *plane_dims)
    scale, frame_dims = loaded(load).scale, ordered.dims[-loaded(load).plane_axes : -2]
    coordinates = {}
    for name, coordinate in ordered.coords.items():
        if set(coordinate.dims) & set(frame_dims):
            continue
        if not set(coordinate.dims) & set(plane_dims):
            coordinates[name] = coordinate
        elif coordinate.dims == (name,) and np.issubdtype(coordinate.dtype, np.number):
            coordinates[name] = (name, _finer(coordinate.values, scale), coordinate.attrs)
    predicted = predict_array(load, ordered.data, intensity)
    dims = [dim for dim in ordered.dims if dim not in frame_dims]
    result = type(array)(predicted, coordinates, dims, array.name, array.attrs)
    return result.transpose(*(dim for dim in array.dims if dim in dims))


def _finer(values: np.ndarray, scale: int) -> np.ndarray:
    """Coordinates of the output's pixels, whose areas divide those of the input's pixels."""
    places = (np.arange(scale * len(values)) + 0.5) / scale - 0.5
    if len(values) == 1:
        return np.full(scale, values[0], float)
    index = np.clip(np.floor(places).astype(int), 0, len(values) - 2)  # extrapolates by half a pixel at the borders
    return values[index] + (places - index) * (values[index + 1] - values[index])


def _predict_lazily(load: Load | Model, array: Any, intensity: str) -> Any:
    import dask
    import dask.array as da

    leading, shape = _parts(loaded(load), array)
    planes = array.reshape(-1, *shape)
    scale, tile, side = loaded(load).scale, loaded(load).tile, chunk_side(loaded(load))
    down, across = (range(0, scale * length, side) for length in array.shape[-2:])
    grid = [[_block(y, x, side, scale, tile, array.shape[-2:]) for x in across] for y in down]
    predict, measure = dask.delayed(_predict_block, pure=True), dask.delayed(_measured, pure=True)
    stacked = []
    for index, plane in enumerate(planes):
        scaling = measure(plane, index, len(planes), intensity)
        blocks = [
            [
                da.from_delayed(
                    predict(load, plane[(..., *block.needs)], scaling, block, array.shape[-2:], intensity),
                    (block.rows.stop - block.rows.start, block.columns.stop - block.columns.start),
                    np.float32,
                )
                for block in row
            ]
            for row in grid
        ]
        stacked.append(da.block(blocks))
    result = da.stack(stacked)
    return result.reshape(*leading, *result.shape[-2:])


def _measured(plane: np.ndarray, index: int, count: int, intensity: str) -> np.ndarray:
    """Scaling of one plane of a lazy array, whose other planes are not looked at: (2,), its percentiles."""
    scaling = scaling_of(plane)
    if scaling.flaw and count > 1:
        warnings.warn(f"{flaws.plane_name(ARRAY, index, count)} is left blank, as it {scaling.flaw}", stacklevel=2)
    else:
        _refuse_or_warn([scaling], plane.dtype, intensity)
    return np.array(scaling)  # dask's cache, as napari has one, takes a tuple for a task


def _block(y: int, x: int, side: int, scale: int, tile: int, shape: tuple[int, int]) -> Block:
    rows, columns = (
        slice(start, min(start + side, scale * length)) for start, length in zip((y, x), shape, strict=True)
    )
    # every tile that adds to a block lies within a tile's length of it, mirrored pixels included
    above, beside = (
        slice(max(0, part.start // scale - tile), min(length, -(-part.stop // scale) + tile))
        for part, length in zip((rows, columns), shape, strict=True)
    )
    return Block(rows, columns, (above, beside))


def _predict_block(
    load: Load | Model, pixels: np.ndarray, measured: np.ndarray, block: Block, shape: tuple[int, int], intensity: str
) -> np.ndarray:
    scaling = Scaling(*measured.tolist())
    if scaling.flaw:
        return np.zeros([part.stop - part.start for part in (block.rows, block.columns)], np.float32)
    top, left = (part.start for part in block.needs)

    def read(rows: slice, columns: slice) -> np.ndarray:
        return scaling.apply(
            pixels[..., rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        )

    unit = predict_region(loaded(load), read, shape, block.rows, block.columns)
    return _restored(unit, scaling, intensity)
