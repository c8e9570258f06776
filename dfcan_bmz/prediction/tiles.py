"""Prediction of a plane of any size, tile by tile: the network always sees the tile it was made for."""

from collections.abc import Callable, Iterator

import numpy as np

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images import Image, channels_last, mean_frame
from dfcan_bmz.model import Model
from dfcan_bmz.normalize import Scaling, scaling_of
from dfcan_bmz.tiling import Part, parts, reflected

# (rows, columns) of a plane, as slices, to (Y, X) or (frames, Y, X) float32, intensities of about 0..1
ReadUnit = Callable[[slice, slice], np.ndarray]


def unit_reader(image: Image, index: int, scaling: Scaling) -> ReadUnit:
    """Regions of a plane of an image, normalised."""
    planes = image.planes
    return lambda rows, columns: scaling.apply(planes[index, ..., rows, columns])


def predict_plane(predictor: Model, plane: np.ndarray) -> np.ndarray:
    """Super-resolve one plane.

    Parameters
    ----------
    predictor : Model
        The model.
    plane : numpy.ndarray
        (Y, X) or (frames, Y, X), any size, in any units.

    Returns
    -------
    numpy.ndarray
        (sY, sX) float32 in [0, 1].
    """
    return predict_unit(predictor, scaling_of(plane).apply(plane))


def predict_part(predictor: Model, part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Super-resolve a part of a plane, (Y, X) or (frames, Y, X), normalised as the whole: by itself it is another."""
    scaling = scaling_of(taken(predictor, whole))
    return predict_unit(predictor, scaling.apply(taken(predictor, part)))


def taken(predictor: Model, plane: np.ndarray) -> np.ndarray:
    """What a network takes of a plane, (Y, X) or (frames, Y, X): the frames, or, if it is made for one, their mean.

    Raises
    ------
    DfcanError
        If it takes several, and the plane has another number of frames.
    """
    count, there = predictor.frames.number, 1 if plane.ndim == 2 else len(plane)
    if count not in (1, there):
        raise DfcanError(f"{predictor.name} takes {count} frames for each image, and here are {there}: give them all")
    return mean_frame(plane) if count == 1 else plane


def predict_unit(predictor: Model, unit: np.ndarray, on_tile: Callable[[], None] = lambda: None) -> np.ndarray:
    """Super-resolve a plane that is normalised already; (Y, X) or (frames, Y, X) float32 to (sY, sX) float32 in [0, 1].

    `on_tile` is called after each tile; what it raises ends the prediction.
    """
    return predict_region(predictor, lambda rows, columns: unit[..., rows, columns], unit.shape[-2:], on_tile=on_tile)


def predict_region(
    predictor: Model,
    read: ReadUnit,
    shape: tuple[int, int],
    rows: slice = slice(None),
    columns: slice = slice(None),
    on_tile: Callable[[], None] = lambda: None,
) -> np.ndarray:
    """Super-resolve a region as it is within the whole plane, whatever else is predicted with it.

    Parameters
    ----------
    predictor : Model
        The model.
    read : callable
        Gives a region of the normalised plane.
    shape : tuple of int
        (Y, X) of the whole plane.
    rows, columns : slice
        The region, in output pixels.
    on_tile : callable
        Called after each tile.

    Returns
    -------
    numpy.ndarray
        float32 in [0, 1].
    """
    return np.concatenate([band for _, band in predict_bands(predictor, read, shape, rows, columns, on_tile)])


def predict_bands(
    predictor: Model,
    read: ReadUnit,
    shape: tuple[int, int],
    rows: slice = slice(None),
    columns: slice = slice(None),
    on_tile: Callable[[], None] = lambda: None,
) -> Iterator[tuple[int, np.ndarray]]:
    """Super-resolve a region from top to bottom, holding no more of it than a row of tiles.

    Parameters are those of `predict_region`.

    Yields
    ------
    int
        Output row of the plane at which the band begins; it ends where the next one begins.
    numpy.ndarray
        (band, columns) float32 in [0, 1].
    """
    s = predictor.scale
    (top, bottom, _), (left, right, _) = rows.indices(s * shape[0]), columns.indices(s * shape[1])
    if top >= bottom:
        return
    down, across = (
        [part for part in _parts(predictor, length) if part.start < stop and part.stop > start]
        for length, start, stop in ((shape[0], top, bottom), (shape[1], left, right))
    )
    sums = np.zeros((0, right - left), np.float32)  # of the rows from `top` on that tiles have added to
    for y, following in zip(down, [*down[1:], None], strict=True):
        to_y, of_y, weights_y = _overlap(y, top, bottom, s)
        sums = np.concatenate([sums, np.zeros((max(0, to_y.stop - len(sums)), right - left), np.float32)])
        for x, predicted in _predicted_row(predictor, read, shape, y, across):
            to_x, of_x, weights_x = _overlap(x, left, right, s)
            sums[to_y, to_x] += weights_y[:, None] * weights_x * predicted[of_y, of_x]
            on_tile()
        done = bottom if following is None else max(top, following.start)
        if done > top:
            yield top, np.clip(sums[: done - top], 0, 1)
            sums, top = sums[done - top :], done


def _overlap(part: Part, start: int, stop: int, scale: int) -> tuple[slice, slice, np.ndarray]:
    """What a tile adds to ``start:stop`` of an axis: pixels counted from `start`, and those of the tile; weights."""
    first, last = max(part.start, start), min(part.stop, stop)
    within, of_tile = (slice(first - zero, last - zero) for zero in (start, scale * part.reads_from))
    return within, of_tile, part.weights[first - part.start : last - part.start]


def count_tiles(predictor: Model, shape: tuple[int, int], from_row: int = 0) -> int:
    """How many tiles the output rows from `from_row` on of a plane of this (Y, X) take."""
    down, across = (_parts(predictor, length) for length in shape)
    return sum(part.stop > from_row for part in down) * len(across)


def _parts(predictor: Model, length: int) -> list[Part]:
    return parts(length, predictor.tile, predictor.halo, predictor.blend, predictor.scale)


def _predicted_row(
    predictor: Model, read: ReadUnit, shape: tuple[int, int], y: Part, across: list[Part]
) -> Iterator[tuple[Part, np.ndarray]]:
    """What the network makes of each tile of a row, (s tile, s tile) float32, `predictor.batch` tiles at once."""
    for start in range(0, len(across), predictor.batch):
        together = across[start : start + predictor.batch]
        tiles = np.stack([_read_tile(predictor, read, shape, y, x) for x in together])
        yield from zip(together, predictor.network(tiles)[..., 0], strict=True)


def _read_tile(predictor: Model, read: ReadUnit, shape: tuple[int, int], y: Part, x: Part) -> np.ndarray:
    """(tile, tile, frames) of the plane, mirrored where the tile extends beyond it."""
    inside = [reflected(part.reads_from, predictor.tile, length) for part, length in zip((y, x), shape, strict=True)]
    block = read(*(slice(indices.min(), indices.max() + 1) for indices in inside))
    down, across = (indices - indices.min() for indices in inside)
    return channels_last(block[..., down[:, None], across])
