"""Images of any size to super-resolved files: what is there is kept, what is left is done, and events hear of it."""

import importlib.util
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dfcan_bmz import files, flaws, images, staging
from dfcan_bmz.engines import engine_of
from dfcan_bmz.errors import DfcanError, refuse_left_out
from dfcan_bmz.events import SILENT, Events
from dfcan_bmz.images.selection import find_sources, outputs_of, refuse_existing_outputs
from dfcan_bmz.model import Load, Model, load_of, loaded
from dfcan_bmz.prediction import plan
from dfcan_bmz.prediction.job import DEFAULT, Job, Options, reservation
from dfcan_bmz.prediction.stream import InProcess
from dfcan_bmz.quantities import duration

if TYPE_CHECKING:  # needs the extra "scale"
    from dfcan_bmz.prediction.cluster import Cluster

    Runner = InProcess | Cluster

ENDINGS = {"tif": ".tif", "zarr": ".ome.zarr"}
Problems = dict[Path, str]  # of images that are left out


def predict_files(
    model: Path, inputs: list[Path], out: Path, options: Options = DEFAULT, events: Events = SILENT
) -> None:
    """Super-resolve images into a folder.

    Parameters
    ----------
    model : pathlib.Path
        A run folder, a bundle, or the name of a model.
    inputs : list of pathlib.Path
        Images, folders of them, or patterns.
    out : pathlib.Path
        Folder to write.
    options : Options
        How.
    events : Events
        Hears of tiles, notes and warnings.

    Raises
    ------
    DfcanError
        If nothing can be predicted.
    UnfinishedError
        If some images were left out.
    """
    targets = _targets(inputs, out, options, events)
    load = load_of(model, options.engine, options.precision, options.blend, options.trusted, options.ensemble)
    opened = loaded(load)
    kept = {path for path, target in targets.items() if options.resume and not options.overwrite and target.exists()}
    waiting = {path: target for path, target in targets.items() if path not in kept}
    with _runner(load, options, events) as runner:
        jobs, problems = _jobs(waiting, opened, options, runner, events)
        if waiting and len(problems) == len(targets):
            raise DfcanError(next(iter(problems.values())))
        for path in kept:
            plan.refuse_other_prediction(targets[path], opened, options)
        plan.refuse_scarcity(jobs, out)
        for job in jobs:
            plan.tell_outside(job, events)
        if options.dry_run:
            plan.tell_plan(jobs, events)
        else:
            for path in kept:
                staging.recover(targets[path], "predict", keep=False)  # of a killed --overwrite
            if options.precision == "bfloat16" and jobs:
                exact = loaded(load_of(model, trusted=options.trusted, ensemble=options.ensemble))
                plan.tell_precision(jobs[0], exact, events)
            clipped, failed = _predict_all(jobs, runner, events)
            problems |= failed
            done = f"{len(targets) - len(problems)} images" + (
                f" ({len(kept)} of them were there already)" if kept else ""
            )
            _tell(f"{out}: {done}", opened, options, clipped, events)
    refuse_left_out(list(problems.values()), len(targets))


def _targets(inputs: list[Path], out: Path, options: Options, events: Events) -> dict[Path, Path]:
    """Where the output of each image goes; what stands there may be kept or replaced."""
    sources = find_sources(inputs)
    for line in images.left_out(*filter(images.is_folder_of_images, inputs)):
        events.note(line)
    targets = outputs_of(sources, out, ENDINGS["zarr" if options.scheduler else options.file_format])
    refuse_existing_outputs(targets.values(), options.overwrite or options.resume)
    files.refuse_input_as_output(sources, targets.values())
    staging.refuse_unwritable(out)
    for target in targets.values():
        staging.recover(target, "predict")
        if options.overwrite and target.exists():
            plan.refuse_others(target)
    return targets


@contextmanager
def _runner(load: Load, options: Options, events: Events) -> Iterator["Runner"]:
    """What predicts: this process, or a cluster."""
    if not options.scheduler:
        yield InProcess()
        return
    if not all(map(importlib.util.find_spec, ("distributed", "zarr"))):
        raise DfcanError("--scheduler needs dask and zarr: pip install 'dfcan-bmz[scale]'")
    from dfcan_bmz.prediction.cluster import Cluster, connect

    with connect(options.scheduler, options.workers, load.function.__module__, events) as client:
        yield Cluster(client, load)


def _jobs(
    targets: dict[Path, Path], model: Model, options: Options, runner: "Runner", events: Events
) -> tuple[list[Job], Problems]:
    """Open every image and measure its planes; what is wrong with those that cannot be predicted."""
    jobs: list[Job] = []
    problems: Problems = {}
    for path in events.each(list(targets), "checking"):
        try:
            image = images.open_planes(path, model.frames)
            scalings = runner.measure(image)
            flaws.refuse_flawed(path, scalings)
            if options.intensity == "keep":
                flaws.refuse_lost(path, image.pixels.dtype, scalings)
            jobs.append(Job(model, image, scalings, targets[path], options))
        except DfcanError as error:
            problems[path] = str(error)
    for job in jobs:
        for line in flaws.told(job.image.path, job.scalings, "written blank"):
            events.note(line)
    events.notes_of([(job.image.path, note) for job in jobs for note in job.image.notes])
    shapes = {job.image.pixels.shape for job in jobs}
    if len(shapes) > 1:
        sizes = ", ".join(" x ".join(map(str, shape)) for shape in sorted(shapes)[:4])
        events.note(f"the images have {len(shapes)} shapes ({sizes}): is an image of another kind among them?")
    return jobs, problems


def _predict_all(jobs: list[Job], runner: "Runner", events: Events) -> tuple[int, Problems]:
    """Predict image by image; the pixels that were clipped, of all, and what went wrong."""
    clipped, begin = 0, time.monotonic()
    problems: Problems = {}
    left, whole = sum(map(runner.left, jobs)), sum(map(runner.steps, jobs))
    resumed = f", resumed at {100 * (whole - left) // whole} %" if left < whole else ""
    if jobs:
        events.tell(f"predicting {len(jobs)} images, {left} {runner.unit} to do{resumed}")
    events.begin("predicting", left, runner.unit)
    for number, job in enumerate(jobs, 1):
        try:
            clipped += runner.predict(job, partial(events.step, f"image {number} of {len(jobs)}"))
        except (DfcanError, OSError) as error:
            problems[job.image.path] = str(error)
    events.done()
    seconds = time.monotonic() - begin
    if left:
        speed = f"{left / seconds:.3g} per second, by {engine_of(jobs[0].model.network)}"
        events.tell(f"{left} {runner.unit} in {duration(seconds)}, {speed}{resumed}")
    return clipped, problems


def _tell(done: str, model: Model, options: Options, clipped: int, events: Events) -> None:
    top = "1" if options.dtype == "float32" else "65535"
    meaning = f"0..{top}" if options.intensity == "unit" else f"the input's{reservation(model)}"
    events.tell(f"{done}, {model.scale} x as many pixels per side, intensities {meaning}")
    if clipped:
        events.tell(f"{clipped} pixels were outside uint16 and were clipped: use --dtype float32 to keep them")
