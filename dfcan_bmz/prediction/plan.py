"""What a prediction will take: tiles, time, memory, disk; told by ``predict --dry-run``, which writes nothing."""

import math
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dfcan_bmz.events import Events
from dfcan_bmz.images import Image
from dfcan_bmz.model import Model
from dfcan_bmz.normalize import Scaling
from dfcan_bmz.prediction import stream
from dfcan_bmz.prediction.stream import Output
from dfcan_bmz.prediction.tiles import count_tiles, predict_unit
from dfcan_bmz.quantities import duration
from dfcan_bmz.resources import SOFTWARE_BYTES


class Job(NamedTuple):
    """An image, the scalings of its planes, and where its output goes."""

    image: Image
    scalings: list[Scaling]
    target: Path


def sound(job: Job) -> list[int]:
    """Planes of an image that can be normalised, by index."""
    return [index for index, scaling in enumerate(job.scalings) if not scaling.flaw]


def held_in_memory(predictor: Model, image: Image) -> int:
    """Bytes that predicting an image takes beside the software."""
    width = stream.output_shape(predictor, image)[-1]
    band = 4 * 4 * predictor.scale * predictor.tile * width  # sums, a copy, what is written
    return band + (image.pixels.nbytes if image.path.suffix.lower() == ".png" else 0)


def tell_plan(predictor: Model, jobs: list[Job], output: Output, events: Events) -> None:
    """Report what each image and all of them take; the time is that of a tile of the first image, measured."""
    tiles, written = 0, 0
    for job in jobs:
        shape = stream.output_shape(predictor, job.image)
        own, size = stream.tiles_to_do(predictor, *job, output), math.prod(shape) * np.dtype(output.dtype).itemsize
        tiles, written = tiles + own, written + size
        sides = " x ".join(map(str, shape))
        events.tell(f"{job.target}: {sides} px, {own} tiles to do, {size / 1e6:.1f} MB")
    if not jobs:
        events.tell("nothing is left to predict")
        return
    seconds = seconds_of_tile(predictor, jobs[0])
    memory = max(held_in_memory(predictor, job.image) for job in jobs) + SOFTWARE_BYTES
    events.tell(
        f"{len(jobs)} images, {tiles} tiles of {predictor.tile} px: about {duration(tiles * seconds)} "
        f"({seconds:.3g} s a tile), {memory / 1e9:.1f} GB of memory, {written / 1e6:.1f} MB on the disk; "
        "nothing was written"
    )


def seconds_of_tile(predictor: Model, job: Job) -> float:
    """Time that this machine takes for a tile, the network being ready: it is run twice."""
    plane = sound(job)[0]
    rows, columns = (slice(0, min(predictor.tile, side)) for side in job.image.pixels.shape[-2:])
    unit = job.scalings[plane].apply(job.image.planes[plane, ..., rows, columns])
    predict_unit(predictor, unit)
    begin = time.perf_counter()
    predict_unit(predictor, unit)
    return (time.perf_counter() - begin) / count_tiles(predictor, unit.shape[-2:])
