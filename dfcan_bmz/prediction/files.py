"""Images of any size to super-resolved files: what is there is kept, what is left is done, and events hear of it."""

import importlib.util
import math
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import numpy as np

from dfcan_bmz import files, flaws, images, staging
from dfcan_bmz.domain import outside_domain
from dfcan_bmz.engines import engine_of
from dfcan_bmz.errors import DfcanError, refuse_left_out
from dfcan_bmz.events import SILENT, Events
from dfcan_bmz.fingerprint import middle
from dfcan_bmz.formats.ome_zarr_output import zarr_strangers
from dfcan_bmz.images import Image
from dfcan_bmz.images.selection import find_sources, outputs_of, refuse_existing_outputs
from dfcan_bmz.model import Load, Model, load_of, loaded
from dfcan_bmz.normalize import Scaling, scaling_of
from dfcan_bmz.prediction import stream
from dfcan_bmz.prediction.plan import Job, held_in_memory, sound, tell_plan
from dfcan_bmz.prediction.stream import PREDICTED, Output
from dfcan_bmz.prediction.tiles import count_tiles, predict_unit
from dfcan_bmz.quantities import duration
from dfcan_bmz.resources import refuse_full_disk, refuse_little_memory

ENDINGS = {"tif": ".tif", "zarr": ".ome.zarr"}


def predict_files(
    model: Path,
    inputs: list[Path],
    out: Path,
    output: Output,
    engine: str = "auto",
    blend: int = 0,
    file_format: str = "tif",
    scheduler: str | None = None,
    workers: int = 2,
    resume: bool = False,
    overwrite: bool = False,
    trusted: bool = False,
    dry_run: bool = False,
    events: Events = SILENT,
) -> None:
    """Super-resolve images into a folder.

    Parameters
    ----------
    model, engine, blend, trusted
        As `dfcan_bmz.model.open_model` has them.
    inputs : list of pathlib.Path
        Images, folders of them, or patterns.
    out : pathlib.Path
        Folder to write.
    output : Output
        Intensities and type.
    file_format : {"tif", "zarr"}
        Of the outputs.
    scheduler, workers : str and int
        A dask cluster, and how many processes a local one has.
    resume, overwrite : bool
        Whether outputs that are done are kept, or replaced.
    dry_run : bool
        Whether to report only what it would take.
    events : Events
        Hears of tiles, notes and warnings.

    Raises
    ------
    DfcanError
        If nothing can be predicted.
    UnfinishedError
        If some images were left out.
    """
    sources = find_sources(inputs)
    for line in images.left_out(*filter(images.is_folder_of_images, inputs)):
        events.note(line)
    ending = ENDINGS["zarr" if scheduler else file_format]
    targets = outputs_of(sources, out, ending)
    refuse_existing_outputs(targets.values(), overwrite or resume)
    files.refuse_input_as_output(sources, targets.values())
    staging.refuse_unwritable(out)
    for target in targets.values():
        staging.recover(target, "predict")
        if overwrite and target.exists():
            _refuse_others(target)
    load = load_of(model, engine, output.precision, blend, trusted)
    predictor = loaded(load)
    with ExitStack() as stack:
        client = None
        if scheduler:
            _refuse_without_dask()
            from dfcan_bmz.prediction.cluster import connect

            client = stack.enter_context(connect(scheduler, workers, load.function.__module__))
        waiting = [path for path in sources if not (resume and not overwrite and targets[path].exists())]
        problems: dict[Path, str] = {}
        opened = _opened(waiting, targets, predictor.frames, output, client, problems, events)
        if waiting and len(problems) == len(sources):
            raise DfcanError(next(iter(problems.values())))
        for path in set(sources) - set(waiting):
            _refuse_other_prediction(targets[path], predictor, output)
        _refuse_scarcity(predictor, opened, out, output)
        _tell_outside(predictor, opened, events)
        if dry_run:
            tell_plan(predictor, opened, output, events)
            refuse_left_out(list(problems.values()), len(sources))
            return
        for path in set(sources) - set(waiting):
            staging.recover(targets[path], "predict", keep=False)  # of a killed --overwrite
        if output.precision == "bfloat16" and opened:
            _tell_precision(predictor, model, opened[0], trusted, events)
        clipped = _predict_all(predictor, load, client, opened, output, problems, events)
    done, kept = len(sources) - len(problems), len(sources) - len(waiting)
    _tell(out, done, kept, predictor, output, clipped, events)
    refuse_left_out(list(problems.values()), len(sources))


def _refuse_without_dask() -> None:
    if not all(map(importlib.util.find_spec, ("distributed", "zarr"))):
        raise DfcanError("--scheduler needs dask and zarr: pip install 'dfcan-bmz[scale]'")


def _opened(
    sources: list[Path],
    targets: dict[Path, Path],
    frames: images.Frames,
    output: Output,
    client,
    problems: dict[Path, str],
    events: Events,
) -> list[Job]:
    """Open every image and measure its planes; `problems` learns of those that cannot be predicted."""
    jobs = []
    for path in events.each(sources, "checking"):
        try:
            image = images.open_planes(path, frames)
            scalings = _scalings(image, frames, client)
            flaws.refuse_flawed(path, scalings)
            if output.intensity == "keep":
                flaws.refuse_lost(path, image.pixels.dtype, scalings)
            jobs.append(Job(image, scalings, targets[path]))
        except DfcanError as error:
            problems[path] = str(error)
    for job in jobs:
        for line in flaws.told(job.image.path, job.scalings, "written blank"):
            events.note(line)
    events.notes_of((job.image.path, note) for job in jobs for note in job.image.notes)
    shapes = {job.image.pixels.shape for job in jobs}
    if len(shapes) > 1:
        sizes = ", ".join(" x ".join(map(str, shape)) for shape in sorted(shapes)[:4])
        events.note(f"the images have {len(shapes)} shapes ({sizes}): is an image of another kind among them?")
    return jobs


def _scalings(image: Image, frames: images.Frames, client) -> list[Scaling]:
    if client is not None:
        from dfcan_bmz.prediction.cluster import scalings_of

        return scalings_of(client, image, frames)
    return flaws.scalings_of(image)


def _refuse_others(target: Path) -> None:
    """Refuse to replace what is no prediction of this package, of whatever version."""
    if not images.notes_of(target).startswith(PREDICTED):
        raise DfcanError(f"{target} was not predicted by dfcan-bmz, and is not replaced: choose another --out")
    if target.is_dir() and (strangers := zarr_strangers(target)):
        raise DfcanError(f"{target} holds {strangers[0]}, which dfcan-bmz did not put there: move it away")


def _refuse_other_prediction(target: Path, predictor: Model, output: Output) -> None:
    notes = images.notes_of(target)
    if predictor.sha256 not in notes:
        raise DfcanError(f"{target} is no output of this model: choose another --out or pass --overwrite")
    if other := [line for line in stream.how_made(predictor, output) if line not in notes.splitlines()]:
        raise DfcanError(
            f"{target} was predicted with other settings (now: {'; '.join(other)}): choose another --out, pass "
            "--overwrite, or resume with the settings that it had"
        )


def _refuse_scarcity(predictor: Model, jobs: list[Job], out: Path, output: Output) -> None:
    shapes = [stream.output_shape(predictor, job.image) for job in jobs]
    needed = sum(map(math.prod, shapes)) * np.dtype(output.dtype).itemsize
    refuse_full_disk(out, needed - sum(stream.held_bytes(predictor, *job, output) for job in jobs))
    for job in jobs:
        refuse_little_memory(job.image.path, held_in_memory(predictor, job.image))


def _tell_outside(predictor: Model, jobs: list[Job], events: Events) -> None:
    """Warn of images unlike those that the model was trained on, as the middle of their middle planes shows."""
    for job in jobs:
        with suppress(DfcanError):  # a page that turns out damaged is named when its turn comes
            planes, fit = job.image.planes, sound(job)
            rows, columns = middle(job.image.size)
            seen = images.mean_frame(planes[fit[len(fit) // 2], ..., rows, columns])
            known = not scaling_of(seen).flaw
            reasons = outside_domain(seen, job.image.pixel_size_nm, predictor.domain) if known else []
            if reasons:
                told = f"{job.image.path.name} lies outside of what the model has seen: {'; '.join(reasons)}"
                events.warning(f"{told}; see `dfcan-bmz trust`")


def _tell_precision(predictor: Model, model: Path, job: Job, trusted: bool, events: Events) -> None:
    """Say how far bfloat16 is from float32, on the brightest of the corners and the middle of the first image."""
    exact = loaded(load_of(model, trusted=trusted))
    height, width = job.image.size
    tile = predictor.tile
    corners = [(y, x) for y in {0, max(0, height - tile) // 2} for x in {0, max(0, width - tile) // 2}]
    plane = sound(job)[0]
    regions = [job.image.planes[plane, ..., y : y + tile, x : x + tile] for y, x in corners]
    unit = job.scalings[plane].apply(max(regions, key=np.std))
    error = float(np.mean((predict_unit(predictor, unit) - predict_unit(exact, unit)) ** 2))
    level = f"{-10 * math.log10(error):.1f} dB" if error else "no difference"
    events.tell(f"bfloat16: {level} against float32 on a tile of {job.image.path.name} (PSNR, range 1)")


def _predict_all(
    predictor: Model,
    load: Load,
    client,
    jobs: list[Job],
    output: Output,
    problems: dict[Path, str],
    events: Events,
) -> int:
    """Predict image by image; the pixels that were clipped, of all."""
    clipped, begin, unit = 0, time.monotonic(), "tiles" if client is None else "blocks"
    steps, whole = _steps(predictor, jobs, output, client), _whole(predictor, jobs, client)
    resumed = f", resumed at {100 * (whole - steps) // whole} %" if steps < whole else ""
    if jobs:
        events.tell(f"predicting {len(jobs)} images, {steps} {unit} to do{resumed}")
    events.begin("predicting", steps, unit)
    for number, job in enumerate(jobs, 1):
        on_step = partial(events.step, f"image {number} of {len(jobs)}")
        try:
            clipped += _predict(predictor, load, client, job, output, on_step)
        except (DfcanError, OSError) as error:
            problems[job.image.path] = str(error)
    events.done()
    seconds = time.monotonic() - begin
    if steps:
        speed = f"{steps / seconds:.3g} a second, by {engine_of(predictor.network)}"
        events.tell(f"{steps} {unit} in {duration(seconds)}, {speed}{resumed}")
    return clipped


def _whole(predictor: Model, jobs: list[Job], client) -> int:
    """Tiles, or blocks of a cluster, of all images, were none of them done."""
    if client is None:
        return sum(len(sound(job)) * count_tiles(predictor, job.image.size) for job in jobs)
    from dfcan_bmz.prediction.cluster import places

    side = stream.chunk_side(predictor)
    planes = ((job, stream.output_shape(predictor, job.image)[-2:]) for job in jobs)
    return sum(len(sound(job)) * sum(1 for _ in places(shape, side)) for job, shape in planes)


def _predict(predictor: Model, load: Load, client, job: Job, output: Output, step: Callable[[], None]) -> int:
    if client is None:
        return stream.predict_to_file(predictor, *job, output, step)
    from dfcan_bmz.prediction.cluster import predict_to_zarr

    return predict_to_zarr(client, load, *job, output, step)


def _steps(predictor: Model, jobs: list[Job], output: Output, client) -> int:
    """Tiles, or blocks of a cluster, that are to be predicted."""
    if client is None:
        return sum(stream.tiles_to_do(predictor, *job, output) for job in jobs)
    from dfcan_bmz.prediction.cluster import blocks_to_do

    return sum(blocks_to_do(predictor, *job, output) for job in jobs)


def _tell(out: Path, done: int, kept: int, predictor: Model, output: Output, clipped: int, events: Events) -> None:
    note = ", approximate: the targets of the training had units of their own" if predictor.target == "own" else ""
    top = "1" if output.dtype == "float32" else "65535"
    meaning = f"0..{top}" if output.intensity == "unit" else f"the input's{note}"
    kept_note = f" ({kept} of them were there already)" if kept else ""
    events.tell(f"{out}: {done} images{kept_note}, {predictor.scale} x as many pixels a side, intensities {meaning}")
    if clipped:
        events.tell(f"{clipped} pixels lay outside of uint16 and were clipped: take --dtype float32 to keep them")
