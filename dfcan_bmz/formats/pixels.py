"""Pixels that stay in their file until a plane or a region of them is asked for."""

import math
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.calibration import UNKNOWN, Calibration

# (plane, rows, columns) to (Y, X); the slices have a start, a stop and no step
ReadRegion = Callable[[int, slice, slice], np.ndarray]


class Sliced(Protocol):
    """Pixels that slices can be had of, in memory or in a file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes; Y and X are the last."""

    def __getitem__(self, key: Any, /) -> np.ndarray:
        """A part, in memory."""


class NotFiniteError(DfcanError):
    """Pixels are there, but some are NaN or infinite: of a stack, the other planes are sound."""


class Pixels:
    """Grey levels of a file, sliced like a NumPy array of two axes or more.

    Every slice is read from the file when it is asked for, and only what it needs: the region of a file that can be
    mapped, the strips, tiles or chunks of any other. It comes as a NumPy array in the byte order of this machine,
    without NaN or infinity. ``numpy.asarray`` reads everything.

    Parameters
    ----------
    path : pathlib.Path
        The file, for errors.
    shape : tuple of int
        (Y, X), (Z/T, Y, X), or (Z/T, frames, Y, X).
    dtype : numpy.dtype
        The file's own type.
    read_region : callable
        (plane, rows, columns) to an array (Y, X); planes are counted through all axes before Y and X.

    Examples
    --------
    >>> pixels = images.open_lazily(Path("stack.tif")).pixels
    >>> pixels[3, 100:228, 50:178].shape
    (128, 128)
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: np.dtype, read_region: ReadRegion) -> None:
        self.path, self.shape, self.dtype = path, shape, np.dtype(dtype).newbyteorder("=")
        self._read_region = read_region

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all pixels in memory."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def as_stack(self, axes: int = 2) -> "Pixels":
        """(N, Y, X), or with planes of more `axes`: a single image is a stack of one."""
        return self.grouped(self._numbers().reshape(-1, *self.shape[-axes:-2]))

    def plane(self, index: int) -> "Pixels":
        """(Y, X), or what else an entry of the first axis is, still in its file."""
        return self.grouped(self._numbers()[index])

    def chosen(self, indices: list[int]) -> "Pixels":
        """(N, Y, X), or with entries of more axes: some entries of the first axis, still in their file."""
        return self.grouped(self._numbers()[indices])

    def grouped(self, numbers: np.ndarray) -> "Pixels":
        """(..., Y, X): planes by their numbers, (...), still in their file."""
        shape, planes = (*numbers.shape, *self.shape[-2:]), numbers.ravel().tolist()
        return Pixels(self.path, shape, self.dtype, lambda plane, *region: self._read_region(planes[plane], *region))

    def averaged(self) -> "Pixels":
        """(N, Y, X): means over the axis before Y and X, floating point, still in their file."""
        numbers = self._numbers()
        dtype = np.result_type(self.dtype, np.float32)

        def read_region(plane: int, rows: slice, columns: slice) -> np.ndarray:
            group = numbers.reshape(-1, numbers.shape[-1])[plane].tolist()
            return np.stack([self._read_region(number, rows, columns) for number in group]).mean(0, np.float64)

        return Pixels(self.path, (*self.shape[:-3], *self.shape[-2:]), dtype, read_region)

    def _numbers(self) -> np.ndarray:
        """Numbers of the planes, laid out as the axes before Y and X."""
        return np.arange(math.prod(self.shape[:-2])).reshape(self.shape[:-2])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        ranges, squeezed = _ranges(key, self.shape)
        *leading, rows, columns = ranges
        with damage_named(self.path):
            stack = np.empty([len(indices) for indices in ranges], self.dtype)
            if stack.size:
                (y, row_step), (x, column_step) = _bounds(rows), _bounds(columns)
            for place in np.ndindex(*stack.shape[:-2]) if stack.size else ():
                index = [indices[at] for indices, at in zip(leading, place, strict=True)]
                plane = int(np.ravel_multi_index(index, self.shape[:-2])) if index else 0
                stack[place] = self._read_region(plane, y, x)[row_step, column_step]
            if np.issubdtype(self.dtype, np.floating) and not np.isfinite(stack).all():
                raise NotFiniteError(f"{self.path} holds NaN or infinite pixels: replace them or leave the image out")
        return stack[squeezed]

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("pixels of a file cannot be had without copying them")
        return self[...].astype(dtype or self.dtype, copy=False)


class Opened(NamedTuple):
    """What a format's opener finds.

    The axes before Y and X, whose lengths are `leading`, are one axis of `pixels`; `notes` are lines for people: what
    the file's metadata could not tell, and how the pixels are read without it.
    """

    pixels: Pixels
    axes: str
    calibration: Calibration = UNKNOWN
    leading: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def flattened(shape: tuple[int, ...]) -> tuple[int, ...]:
    """(Y, X), or (N, Y, X) for the planes of all axes before them."""
    return shape if len(shape) == 2 else (math.prod(shape[:-2]), *shape[-2:])


def mapped(path: Path, dtype: np.dtype, offset: int, shape: tuple[int, int, int]) -> ReadRegion:
    """Regions of a file that holds (N, Y, X) pixels one after the other, from byte `offset` on.

    The file is mapped for each region anew: a map that stays keeps a file open, and a training set has thousands.
    """

    def read_region(plane: int, rows: slice, columns: slice) -> np.ndarray:
        return np.memmap(path, dtype, "r", offset, shape)[plane, rows, columns]

    return read_region


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Turn whatever a decoder throws at a damaged file into one line that names the file."""
    try:
        yield
    except DfcanError:
        raise
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DfcanError(f"{path} cannot be read ({reason}): is it complete? Copy or export it again") from error


def _ranges(key: Any, shape: tuple[int, ...]) -> tuple[list[range], tuple[Any, ...]]:
    """Indices along each axis, and the index that drops the axes for which a single number was given."""
    parts = list(key) if isinstance(key, tuple) else [key]
    if Ellipsis in parts:
        place = parts.index(Ellipsis)
        parts[place : place + 1] = [slice(None)] * (len(shape) - len(parts) + 1)
    parts += [slice(None)] * (len(shape) - len(parts))
    ranges: list[range] = []
    squeezed: list[slice | int] = []
    for part, size in zip(parts, shape, strict=True):
        if isinstance(part, slice):
            ranges.append(range(size)[part])
            squeezed.append(slice(None))
        else:
            index = range(size)[operator.index(part)]
            ranges.append(range(index, index + 1))
            squeezed.append(0)
    return ranges, tuple(squeezed)


def _bounds(indices: range) -> tuple[slice, slice]:
    """The slice of step 1 that holds all indices, and how to take them from it."""
    low, high = sorted((indices[0], indices[-1]))
    return slice(low, high + 1), slice(None, None, indices.step)
