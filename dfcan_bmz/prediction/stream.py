"""An image to an output file, band by band: what was written is not computed again after a kill.

::

    OUT/.cell.tif.partial/   until it is done, see `dfcan_bmz.staging`
      new/cell.tif           the output, at its full size
      progress.json          what it is an output of, and the rows that are written
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dfcan_bmz import files, images, staging
from dfcan_bmz.errors import UnfinishedError
from dfcan_bmz.flaws import plane_name
from dfcan_bmz.formats.ome_zarr_output import remove_unfinished_chunks
from dfcan_bmz.images import Image
from dfcan_bmz.model import Model
from dfcan_bmz.names import legible
from dfcan_bmz.normalize import HIGH_PERCENTILE, LOW_PERCENTILE, Scaling
from dfcan_bmz.prediction.tiles import ReadUnit, count_tiles, predict_bands

LARGEST_CHUNK_PX = 1024
PREDICTED = "Predicted, not measured: super-resolved"  # what an output is known by


class Output(NamedTuple):
    """What is asked for.

    Attributes
    ----------
    intensity : {"unit", "keep"}
        0..1, or that mapped to the input's percentiles.
    dtype : {"float32", "uint16"}
        Of the pixels; uint16 of unit intensities has 0..65535 for 0..1.
    precision : {"float32", "bfloat16"}
        In which the network multiplies, for the record.
    """

    intensity: str = "unit"
    dtype: str = "float32"
    precision: str = "float32"


class Progress(NamedTuple):
    """How far an output is: planes before `plane` and its rows before `row` are written; `clipped` counts pixels."""

    plane: int = 0
    row: int = 0
    clipped: int = 0


def output_shape(predictor: Model, image: Image) -> tuple[int, ...]:
    """Shape of the output of an image: its axes before Y and X, and (sY, sX)."""
    height, width = image.size
    leading = image.leading or image.stack
    return *leading, predictor.scale * height, predictor.scale * width


def predict_to_file(
    predictor: Model,
    image: Image,
    scalings: list[Scaling],
    target: Path,
    output: Output,
    on_tile: Callable[[], None] = lambda: None,
) -> int:
    """Super-resolve an image into a TIFF or OME-Zarr file, beginning where a killed prediction ended.

    Parameters
    ----------
    predictor : Model
        The model.
    image : Image
        Read or opened lazily.
    scalings : list of Scaling
        Of each plane; a plane that cannot be normalised is blank in the output.
    target : pathlib.Path
        ``*.tif`` or ``*.ome.zarr``; it is replaced when the prediction is complete, and not before.
    output : Output
        What is asked for.
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
    known = fingerprint(predictor, image, scalings, output)
    with resumed(predictor, image, scalings, target, output) as (work, done):
        write = images.writer(work.new)
        for index in range(done.plane, len(image.planes)):
            read = unit_reader(image, index, scalings[index])
            name = plane_name(image.path, index, len(image.planes))
            rows = slice(done.row, 0 if scalings[index].flaw else None)  # a new output is blank
            for row, band in predict_bands(predictor, read, image.size, rows, on_tile=on_tile):
                encoded, clipped = encode(band, scalings[index], output, name)
                write(index, row, encoded)
                done = Progress(index, row + len(band), done.clipped + clipped)
                _write_progress(work.folder, known, done)
            done = Progress(index + 1, 0, done.clipped)
            _write_progress(work.folder, known, done)
    return done.clipped


def tiles_to_do(predictor: Model, image: Image, scalings: list[Scaling], target: Path, output: Output) -> int:
    """How many tiles are left to predict for this output."""
    known = fingerprint(predictor, image, scalings, output)
    done = read_progress(staging.beside(target), known) or Progress()
    shape, left = image.size, scalings[done.plane :]
    each = [0 if scaling.flaw else count_tiles(predictor, shape) for scaling in left[1:]]
    return sum(each) + (count_tiles(predictor, shape, done.row) if left and not left[0].flaw else 0)


def held_bytes(predictor: Model, image: Image, scalings: list[Scaling], target: Path, output: Output) -> int:
    """Bytes on the disk that the partial output of this prediction has taken already."""
    folder = staging.beside(target)
    if read_progress(folder, fingerprint(predictor, image, scalings, output)) is None:
        return 0
    # a file that is not written in full has holes; Windows does not say how many
    return sum(512 * getattr(path.stat(), "st_blocks", 0) for path in folder.rglob("*") if path.is_file())


@contextmanager
def resumed(
    predictor: Model, image: Image, scalings: list[Scaling], target: Path, output: Output
) -> Iterator[tuple[staging.Work, Progress]]:
    """Yield the partial output of this very prediction, and how far it is; it is complete when the block ends.

    After an error, or a kill, it is gone on with by the next call.

    Raises
    ------
    DfcanError
        If it cannot be written, or another process writes it.
    """
    work = staging.begin(target, "predict", overwrite=True, keep=True)
    try:
        known = fingerprint(predictor, image, scalings, output)
        done = read_progress(work.folder, known)
        if done is None or not work.new.exists():
            done = Progress()
            staging.discard(work)
            _create(work.new, predictor, image, scalings, output)
            _write_progress(work.folder, known, done)
        if work.new.is_dir():
            remove_unfinished_chunks(work.new)
        yield work, done
        staging.place(work, away=["."])
    except BaseException:
        staging.end(work, keep=True)
        raise
    staging.end(work)


def _create(path: Path, predictor: Model, image: Image, scalings: list[Scaling], output: Output) -> None:
    """Make an output without pixels."""
    images.create(
        path,
        output_shape(predictor, image),
        np.dtype(output.dtype),
        image.axes,
        image.calibration.finer(predictor.scale),
        notes(predictor, image, scalings, output),
        chunk_side(predictor),
    )


def chunk_side(predictor: Model) -> int:
    """Side of the chunks of an OME-Zarr output: as many whole tiles as fit, so that a chunk needs no other's tiles."""
    kept = predictor.scale * (predictor.tile - 2 * predictor.halo)
    return kept * max(1, LARGEST_CHUNK_PX // kept)


def unit_reader(image: Image, index: int, scaling: Scaling) -> ReadUnit:
    """Regions of a plane, normalised."""
    planes = image.planes
    return lambda rows, columns: scaling.apply(planes[index, ..., rows, columns])


def encode(unit: np.ndarray, scaling: Scaling, output: Output, plane: str) -> tuple[np.ndarray, int]:
    """Intensities of about 0..1 as they are asked for, and how many pixels had to be clipped.

    Raises
    ------
    UnfinishedError
        If one is not finite; it calls the plane `plane`.
    """
    values = scaling.undo(unit) if output.intensity == "keep" else unit
    if not np.isfinite(values).all():
        raise UnfinishedError(f"{plane}: the network answers with NaN or infinity: try another image, or another model")
    if output.dtype == "float32":
        return values, 0
    top = np.iinfo(np.uint16).max
    rounded = np.rint(values if output.intensity == "keep" else values * np.float32(top))
    clipped = int(np.count_nonzero((rounded < 0) | (rounded > top)))
    return np.clip(rounded, 0, top).astype(np.uint16), clipped


def notes(predictor: Model, image: Image, scalings: list[Scaling], output: Output) -> str:
    """What an output says of itself."""
    ranges = "; ".join("blank" if one.flaw else f"{one.low:.6g} to {one.high:.6g}" for one in scalings)
    return "\n".join(
        [
            *how_made(predictor, output),
            f"Source: {legible(image.path.name)}",
            f"Percentiles {LOW_PERCENTILE} and {HIGH_PERCENTILE} of its planes: {ranges}",
        ]
    )


def how_made(predictor: Model, output: Output) -> list[str]:
    """Those lines of an output's notes that all outputs of one prediction share."""
    between = f"between the percentiles {LOW_PERCENTILE} and {HIGH_PERCENTILE} of a plane"
    meaning = {
        ("unit", "float32"): f"0..1 {between}",
        ("unit", "uint16"): f"0..65535 {between}",
        ("keep", "float32"): "the input's",
        ("keep", "uint16"): "the input's, rounded",
    }[output.intensity, output.dtype]
    if output.intensity == "keep" and predictor.target == "own":
        meaning += ", approximate: the targets of the training had units of their own"
    return [
        f"{PREDICTED} x{predictor.scale} by dfcan-bmz",
        f"Model: {predictor.name}, sha256 {predictor.sha256}",
        f"Tiles of {predictor.tile} px, halo {predictor.halo}, blend {predictor.blend}; {output.precision}",
        f"Intensities: {meaning}",
    ]


def fingerprint(predictor: Model, image: Image, scalings: list[Scaling], output: Output) -> str:
    """Name of a prediction: a partial output of another one must not be continued."""
    left_out = ("network", "smoothing_px")
    fed = [None if name in left_out else value for name, value in predictor._asdict().items()]
    made_of: list[Any] = [fed, output, scalings, image.pixels.shape]
    made_of += [astuple(image.calibration), str(image.path.resolve()), *files.stamp(image.path)]
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()


def read_progress(folder: Path, known: str) -> Progress | None:
    """How far the prediction of this fingerprint is; None where there is none."""
    try:
        state = json.loads((folder / "progress.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return Progress(*state["done"]) if state["fingerprint"] == known else None


def _write_progress(folder: Path, known: str, done: Progress) -> None:
    with staging.replacing(folder / "progress.json") as file:
        file.write_text(json.dumps({"fingerprint": known, "done": done}), encoding="utf-8")
