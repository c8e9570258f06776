"""From an image to what ilastik is given: normalised as a whole, laid out for ilastik's blocks, enlarged."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from dfcan_bmz import images, staging
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.tiff_output import WriteRows
from dfcan_bmz.ilastik import hdf5
from dfcan_bmz.ilastik.record import ENDING, Prepared
from dfcan_bmz.images import Image
from dfcan_bmz.model import Model
from dfcan_bmz.names import legible
from dfcan_bmz.normalize import Scaling
from dfcan_bmz.prediction.tiles import unit_reader

BAND_PX = 64  # LR rows that are in memory at a time


def prepared_as(predictor: Model, image: Image, scalings: list[Scaling], path: Path) -> Prepared:
    """What is known of an image that is to be prepared as `path`.

    Raises
    ------
    DfcanError
        If it has several channels.
    """
    if "C" in image.axes:
        raise DfcanError(f"{image.path} has several channels: split them and give one file per channel")
    leading = image.leading or image.pixels.shape[:-2]
    return Prepared(
        file=legible(path.name),
        source=legible(image.path.name),
        axes=image.axes,
        shape=(*leading, *image.pixels.shape[-2:]),
        dtype=image.pixels.dtype.name,
        calibration=image.calibration,
        scalings=scalings,
        model=predictor.name,
        sha256=predictor.sha256,
        target=predictor.target,
        scale=predictor.scale,
        tile=predictor.tile,
        halo=predictor.halo,
    )


def prepare(image: Image, prepared: Prepared, path: Path) -> None:
    """Write the prepared image and its record, in one step; files of these names are replaced.

    Planes that cannot be normalised are blank.

    Parameters
    ----------
    image : Image
        Read or opened lazily.
    prepared : Prepared
        What is known of it.
    path : pathlib.Path
        ``*.h5`` or ``*.tif``.
    """
    rows, columns = prepared.layouts
    with staging.filling(path.parent, "ilastik prepare", overwrite=True) as folder:
        with _writing(folder / path.name, prepared) as write:
            for index in prepared.sound_planes:
                read = unit_reader(image, index, prepared.scalings[index])
                for first in range(0, len(rows.source), BAND_PX):
                    wanted = rows.source[first : first + BAND_PX]
                    block = read(slice(wanted.min(), wanted.max() + 1), slice(0, image.pixels.shape[-1]))
                    band = block[wanted - wanted.min()][:, columns.source]
                    write(index, prepared.scale * first, band.repeat(prepared.scale, 0).repeat(prepared.scale, 1))
        (folder / record_path(path).name).write_text(prepared.model_dump_json(indent=1), encoding="utf-8")


def record_path(path: Path) -> Path:
    """Where the record of a prepared image lies."""
    return path.with_name(f"{path.stem}{ENDING}")


@contextmanager
def _writing(path: Path, prepared: Prepared) -> Iterator[WriteRows]:
    # its origin is lost: a margin comes before the image
    finer = replace(prepared.calibration.finer(prepared.scale), origin_x_nm=None, origin_y_nm=None)
    if path.suffix == ".tif":
        note = f"Prepared for ilastik by dfcan-bmz: {prepared.source}, enlarged {prepared.scale} x"
        settings = (prepared.prepared_shape, np.dtype(np.float32), prepared.axes, finer, note)
        images.create(path, *settings, chunk=0)
        yield images.writer(path, prepared.axes)
    else:
        with hdf5.writing(path, prepared.prepared_shape, prepared.axes, finer) as write:
            yield write
