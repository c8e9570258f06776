"""What is told, and refused, before images are predicted: what it takes, and what speaks against it."""

import math
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from dfcan_bmz import images
from dfcan_bmz.domain import outside_domain
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.events import Events
from dfcan_bmz.fingerprint import middle
from dfcan_bmz.formats.ome_zarr_output import zarr_strangers
from dfcan_bmz.model import Model
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.prediction.job import PREDICTED, Job, Options, how_made
from dfcan_bmz.prediction.stream import held_bytes, tiles_to_do
from dfcan_bmz.prediction.tiles import count_tiles, predict_unit
from dfcan_bmz.quantities import duration
from dfcan_bmz.resources import SOFTWARE_BYTES, refuse_full_disk, refuse_little_memory


def refuse_others(target: Path) -> None:
    """Raise DfcanError if what is to be replaced is no prediction of this package, of whatever version."""
    if not images.notes_of(target).startswith(PREDICTED):
        raise DfcanError(f"{target} was not predicted by dfcan-bmz, and is not replaced: choose another --out")
    if target.is_dir() and (strangers := zarr_strangers(target)):
        raise DfcanError(f"{target} holds {strangers[0]}, which dfcan-bmz did not put there: move it away")


def refuse_other_prediction(target: Path, model: Model, options: Options) -> None:
    """Raise DfcanError if an output that is to be kept is of another model, or was predicted with other settings."""
    notes = images.notes_of(target)
    if model.sha256 not in notes:
        raise DfcanError(f"{target} is not an output of this model: choose another --out or pass --overwrite")
    if other := [line for line in how_made(model, options) if line not in notes.splitlines()]:
        raise DfcanError(
            f"{target} was predicted with other settings (now: {'; '.join(other)}): choose another --out, pass "
            "--overwrite, or resume with the settings that it had"
        )


def refuse_scarcity(jobs: list[Job], out: Path) -> None:
    """Raise DfcanError if the disk has no room for the outputs, or the memory none for the work on one of them."""
    refuse_full_disk(out, sum(job.nbytes - held_bytes(job) for job in jobs))
    for job in jobs:
        refuse_little_memory(job.image.path, job.memory_bytes)


def tell_outside(job: Job, events: Events) -> None:
    """Warn of an image unlike those that the model was trained on, as the middle of its middle plane shows."""
    with suppress(DfcanError):  # a page that turns out damaged is named when its turn comes
        planes, sound = job.image.planes, job.sound_planes
        rows, columns = middle(job.image.size)
        seen = images.mean_frame(planes[sound[len(sound) // 2], ..., rows, columns])
        known = not scaling_of(seen).flaw
        if reasons := outside_domain(seen, job.image.pixel_size_nm, job.model.domain) if known else []:
            told = f"{job.image.path.name} is outside what the model has seen: {'; '.join(reasons)}"
            events.warning(f"{told}; see `dfcan-bmz trust`")


def tell_precision(job: Job, exact: Model, events: Events) -> None:
    """Say how far bfloat16 is from `exact`, on the one of four tiles of an image that varies most."""
    height, width = job.image.size
    tile = job.model.tile
    places = [(y, x) for y in {0, max(0, height - tile) // 2} for x in {0, max(0, width - tile) // 2}]
    plane = job.sound_planes[0]
    regions = [job.image.planes[plane, ..., y : y + tile, x : x + tile] for y, x in places]
    unit = job.scalings[plane].apply(max(regions, key=np.std))
    error = float(np.mean((predict_unit(job.model, unit) - predict_unit(exact, unit)) ** 2))
    level = f"{-10 * math.log10(error):.1f} dB" if error else "no difference"
    events.tell(f"bfloat16: {level} against float32 on a tile of {job.image.path.name} (PSNR, range 1)")


def tell_plan(jobs: list[Job], events: Events) -> None:
    """Report what each image and all of them take; the time is that of a tile of the first image, measured."""
    if not jobs:
        events.tell("nothing is left to predict")
        return
    left = [tiles_to_do(job) for job in jobs]
    for job, tiles in zip(jobs, left, strict=True):
        sides = " x ".join(map(str, job.shape))
        events.tell(f"{job.target}: {sides} px, {tiles} tiles to do, {job.nbytes / 1e6:.1f} MB")
    seconds = seconds_of_tile(jobs[0])
    memory, written = max(job.memory_bytes for job in jobs) + SOFTWARE_BYTES, sum(job.nbytes for job in jobs)
    events.tell(
        f"{len(jobs)} images, {sum(left)} tiles of {jobs[0].model.tile} px: about {duration(sum(left) * seconds)} "
        f"({seconds:.3g} s a tile), {memory / 1e9:.1f} GB of memory, {written / 1e6:.1f} MB on disk; "
        "nothing was written"
    )


def seconds_of_tile(job: Job) -> float:
    """Time that this machine takes for a tile, the network being ready: it is run twice."""
    plane = job.sound_planes[0]
    rows, columns = (slice(0, min(job.model.tile, side)) for side in job.image.size)
    unit = job.scalings[plane].apply(job.image.planes[plane, ..., rows, columns])
    predict_unit(job.model, unit)
    begin = time.perf_counter()
    predict_unit(job.model, unit)
    return (time.perf_counter() - begin) / count_tiles(job.model, unit.shape[-2:])
