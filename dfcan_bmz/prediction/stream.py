"""An image to an output file, band by band: what was written is not computed again after a kill.

::

    OUT/.cell.tif.partial/   until it is done, see `dfcan_bmz.staging`
      new/cell.tif           the output, at its full size
      progress.json          what it is an output of, and the rows that are written
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from dfcan_bmz import flaws, images, staging
from dfcan_bmz.formats.ome_zarr_output import remove_unfinished_chunks
from dfcan_bmz.prediction.job import Job, chunk_side, encode
from dfcan_bmz.prediction.tiles import count_tiles, predict_bands, unit_reader


class Progress(NamedTuple):
    """How far an output is: planes before `plane` and its rows before `row` are written; `clipped` counts pixels."""

    plane: int = 0
    row: int = 0
    clipped: int = 0


def predict_to_file(job: Job, on_tile: Callable[[], None] = lambda: None) -> int:
    """Super-resolve an image into a TIFF or OME-Zarr file, beginning where a killed prediction ended.

    Parameters
    ----------
    job : Job
        The image, the model and the output.
    on_tile : callable
        Called after each tile.

    Returns
    -------
    int
        Pixels that were clipped to the range of uint16.

    Raises
    ------
    UnfinishedError
        If what the network makes of the image is not finite.
    """
    image = job.image
    with resumed(job) as (work, done):
        write = images.writer(work.new, image.axes)
        for index in range(done.plane, len(image.planes)):
            scaling, name = job.scalings[index], flaws.plane_name(image.path, index, len(image.planes))
            rows = slice(done.row, 0 if scaling.flaw else None)  # a new output is blank
            read = unit_reader(image, index, scaling)
            for row, band in predict_bands(job.model, read, image.size, rows, on_tile=on_tile):
                encoded, clipped = encode(band, scaling, job.options, name)
                write(index, row, encoded)
                done = _write_progress(work, job, Progress(index, row + len(band), done.clipped + clipped))
            done = _write_progress(work, job, Progress(index + 1, 0, done.clipped))
    return done.clipped


def tiles_to_do(job: Job) -> int:
    """How many tiles are left to predict for an output."""
    done = read_progress(job) or Progress()
    begun, *left = [0 if scaling.flaw else 1 for scaling in job.scalings[done.plane :]] or [0]
    shape = job.image.size
    return begun * count_tiles(job.model, shape, done.row) + sum(left) * count_tiles(job.model, shape)


def held_bytes(job: Job) -> int:
    """Bytes on the disk that the partial output of this prediction has taken already."""
    if read_progress(job) is None:
        return 0
    # a file that is not written in full has holes; Windows does not say how many
    held = (path.stat() for path in staging.beside(job.target).rglob("*") if path.is_file())
    return sum(512 * getattr(stat, "st_blocks", 0) for stat in held)


class InProcess:
    """Predicts images in this process, tile by tile."""

    unit = "tiles"
    measure = staticmethod(flaws.scalings_of)
    steps = staticmethod(lambda job: job.tiles)
    left = staticmethod(tiles_to_do)
    predict = staticmethod(predict_to_file)


@contextmanager
def resumed(job: Job) -> Iterator[tuple[staging.Work, Progress]]:
    """Yield the partial output of this very prediction, and how far it is; it is complete when the block ends.

    After an error, or a kill, it is gone on with by the next call.

    Raises
    ------
    DfcanError
        If it cannot be written, or another process writes it.
    """
    work = staging.begin(job.target, "predict", overwrite=True, keep=True)
    try:
        done = read_progress(job)
        if done is None or not work.new.exists():
            staging.discard(work)
            _create(work, job)
            done = _write_progress(work, job, Progress())
        if work.new.is_dir():
            remove_unfinished_chunks(work.new)
        yield work, done
        staging.place(work, away=["."])
    except BaseException:
        staging.end(work, keep=True)
        raise
    staging.end(work)


def _create(work: staging.Work, job: Job) -> None:
    """Make an output without pixels."""
    calibration = job.image.calibration.finer(job.model.scale)
    dtype, chunk = np.dtype(job.options.dtype), chunk_side(job.model)
    images.create(work.new, job.shape, dtype, job.image.axes, calibration, job.notes, chunk)


def read_progress(job: Job) -> Progress | None:
    """How far a prediction is; None where there is no partial output of it."""
    try:
        state = json.loads((staging.beside(job.target) / "progress.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return Progress(*state["done"]) if state["fingerprint"] == job.fingerprint else None


def _write_progress(work: staging.Work, job: Job, done: Progress) -> Progress:
    with staging.replacing(work.folder / "progress.json") as file:
        file.write_text(json.dumps({"fingerprint": job.fingerprint, "done": done}), encoding="utf-8")
    return done
