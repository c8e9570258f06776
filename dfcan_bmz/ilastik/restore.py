"""From what ilastik exports back to the image: its size, its calibration and, on request, its intensities."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dfcan_bmz import images, staging
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.flaws import plane_name, refuse_lost
from dfcan_bmz.ilastik.hdf5 import ENDINGS, open_hdf5
from dfcan_bmz.ilastik.record import Prepared
from dfcan_bmz.images import Image
from dfcan_bmz.prediction.job import Job, Options, encode

BAND_PX = 64  # LR rows that are in memory at a time
ROUNDED = 1e-3  # beyond 0..1 by more than this, an export is no prediction of these bundles
SETTINGS = "in Choose Export Image Settings take floating 32-bit, no renormalisation and no subregion"


def open_export(path: Path, prepared: Prepared) -> Image:
    """Open an export of a prepared image: (N, Y, X), N planes one after the other.

    Raises
    ------
    DfcanError
        If it cannot be read, or is no export of the prediction of this image.
    """
    hdf5 = path.suffix.lower() in ENDINGS
    image = Image(path, open_hdf5(path, prepared.axes[:-2]), prepared.axes) if hdf5 else images.open_planes(path)
    pixels = image.planes
    if pixels.dtype not in (np.float32, np.float64):
        raise DfcanError(f"{path} holds {pixels.dtype} numbers, to which ilastik has rounded: {SETTINGS}")
    *leading, height, width = prepared.prepared_shape
    planes = int(np.prod(leading, dtype=int))
    if pixels.shape != (planes, height, width):
        found, expected = (_size(*shape) for shape in (pixels.shape, (planes, height, width)))
        raise DfcanError(f"{path} is {found}, but {prepared.file} is {expected}: {SETTINGS}")
    return image


def _size(planes: int, height: int, width: int) -> str:
    return f"{width} x {height} px{f' in {planes} planes' if planes > 1 else ''}"


def restore(image: Image, prepared: Prepared, target: Path, intensity: str, overwrite: bool) -> None:
    """Write the prediction of an image, as `predict` would.

    Parameters
    ----------
    image : Image
        Of `open_export`.
    prepared : Prepared
        What is known of the image.
    target : pathlib.Path
        ``*.tif``.
    intensity : {"unit", "keep"}
        0..1, or that mapped to the percentiles of each plane.
    overwrite : bool
        Whether `target` may be replaced.

    Raises
    ------
    DfcanError
        If the export holds what no prediction holds, or float32 cannot keep the image's intensities.
    """
    if intensity == "keep":
        refuse_lost(prepared.source, np.dtype(prepared.dtype), prepared.scalings)
    scale, options = prepared.scale, Options(intensity)
    source = Image(Path(prepared.source), np.empty(0), prepared.axes)
    job = Job(prepared.predictor, source, prepared.scalings, target, options)
    with staging.writing(target, "ilastik restore", overwrite) as partial:
        images.create(
            partial,
            (*prepared.shape[:-2], *(scale * side for side in prepared.shape[-2:])),
            np.dtype(np.float32),
            prepared.axes,
            prepared.calibration.finer(scale),
            f"{job.notes}\nRun in ilastik",
            chunk=0,
        )
        write, brightest = images.writer(partial, prepared.axes), 0.0
        for plane in prepared.sound_planes:
            scaling, name = prepared.scalings[plane], plane_name(prepared.source, plane, len(image.planes))
            for row, unit in _bands(image, prepared, plane):
                write(plane, row, encode(np.clip(unit, 0, 1), scaling, options, name)[0])
                brightest = max(brightest, unit.max())
        if brightest == 0:
            raise DfcanError(
                f"{image.path} holds only zeros, as when a prediction fails in ilastik, whose log says why: load the "
                f"bundle that {prepared.file} was prepared for"
            )


def _bands(image: Image, prepared: Prepared, plane: int) -> Iterator[tuple[int, np.ndarray]]:
    """First row and float32 pixels of the image's bands, from top to bottom."""
    (_, down), (_, across) = prepared.layouts
    scale = prepared.scale
    for row in range(0, len(down), BAND_PX):
        places = down[row : row + BAND_PX]
        block = image.planes[plane, scale * places.min() : scale * (places.max() + 1)].astype(np.float32)
        unit = block[_finer(places - places.min(), scale)][:, _finer(across, scale)]
        low, high = unit.min(), unit.max()
        if low < -ROUNDED or high > 1 + ROUNDED:
            raise DfcanError(f"{image.path} holds {low:.3g} to {high:.3g}, where a prediction has 0..1: {SETTINGS}")
        yield scale * row, unit


def _finer(places: np.ndarray, scale: int) -> np.ndarray:
    """Output pixels of LR pixels."""
    return (scale * places[:, None] + np.arange(scale)).ravel()
