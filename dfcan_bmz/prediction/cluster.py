"""Prediction on many processes or machines: blocks of an OME-Zarr output as tasks of a ``dask.distributed`` cluster.

Blocks are chunks, so that no two tasks write to one file; a task writes its chunk as a whole, so that running it again
does no harm. What is done is noted, and not done again after a kill::

    OUT/.cell.ome.zarr.partial/
      new/cell.ome.zarr/     the output
      progress.json          what it is an output of
      blocks.txt             a line for each block that is done: plane, row, column, side, clipped pixels
"""

import importlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from distributed import Client, Worker, WorkerPlugin, as_completed

from dfcan_bmz import console, files, images, staging
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.events import SILENT, Events
from dfcan_bmz.flaws import plane_name
from dfcan_bmz.formats.ome_zarr_output import zarr_writer
from dfcan_bmz.images import Frames, Image
from dfcan_bmz.model import Load, loaded
from dfcan_bmz.normalize import Scaling, scaling_of
from dfcan_bmz.prediction.job import Job, Options, chunk_side, encode
from dfcan_bmz.prediction.stream import read_progress, resumed
from dfcan_bmz.prediction.tiles import predict_region, unit_reader

DONE = "blocks.txt"
RETRIES = 3
PATIENCE = "20s"  # for a scheduler to answer
WAITING_PER_THREAD = 4  # tasks that the scheduler holds at a time, for each thread of the workers


class Source(NamedTuple):
    """An image that workers open once: path, frames, and size and time, which tell it from another of that path."""

    path: str
    frames: Frames
    size: int
    changed_ns: int


class Place(NamedTuple):
    """A block of the output: plane, first row and column, and side, in output pixels."""

    plane: int
    row: int
    column: int
    side: int


class QuietStart(WorkerPlugin):
    """Workers import the model's module before their first task, without what TensorFlow writes then."""

    def __init__(self, module: str) -> None:
        self.module = module

    def setup(self, worker: Worker) -> None:
        """Import it; what is wrong with it is told by the first task that needs it."""
        with console.quiet_start(), suppress(ImportError):
            importlib.import_module(self.module)


def connect(scheduler: str, workers: int, module: str, events: Events = SILENT) -> Client:
    """Client of the cluster at ``tcp://host:port``, or of a ``local`` one of so many processes, one thread each.

    The workers import `module`, that of the model's `Load`, before their first task. `events` hear of a cluster that
    has none yet.

    Raises
    ------
    DfcanError
        If nobody answers at the address.
    """
    if scheduler == "local":
        client = Client(n_workers=workers, threads_per_worker=1, dashboard_address=None)
        client.register_plugin(QuietStart(module))
        return client
    try:
        client = Client(scheduler, timeout=PATIENCE)
    except (OSError, ValueError, TimeoutError) as error:
        raise DfcanError(
            f"no dask scheduler answers at {scheduler}: start `dask scheduler`, check the address"
        ) from error
    if not client.nthreads():
        events.warning(f"{scheduler} has no workers yet: start one, `dask worker {scheduler}`; waiting for it")
    with suppress(Exception):  # workers without this package: the first task reports it
        client.register_plugin(QuietStart(module))
    return client


class Task(NamedTuple):
    """What the blocks of an image share: model, image, options, and the output's path on the disk of all workers."""

    load: Load
    source: Source
    options: Options
    target: str


@dataclass(frozen=True)
class Cluster:
    """Predicts images on the machines of a cluster that see the same disk, block by block.

    Attributes
    ----------
    client : distributed.Client
        Of `connect`.
    load : Load
        How to get the model: every worker does so once.
    """

    client: Client
    load: Load
    unit: ClassVar = "blocks"

    def measure(self, image: Image) -> list[Scaling]:
        """Scaling of each plane of an image, measured by the workers.

        Raises
        ------
        DfcanError
            If the image cannot be read, or the workers cannot run this package.
        """
        planes = range(len(image.planes))
        sources = [self._source(image)] * len(planes)
        try:
            return self.client.gather(self.client.map(_scaling_of_plane, sources, planes, pure=False))
        except DfcanError:
            raise
        except Exception as error:
            # a worker without this package, one that dies or sees another disk: each has an exception of its own
            raise UnfinishedError(
                f"{image.path}: the cluster could not measure it ({_reason(error)}): check that its workers have "
                "dfcan-bmz, enough memory, and the same disk"
            ) from error

    def steps(self, job: Job) -> int:
        """How many blocks an output takes."""
        return sum(1 for _ in _places(job))

    def left(self, job: Job) -> int:
        """How many blocks of an output are left to predict."""
        done = {} if read_progress(job) is None else _read_done(staging.beside(job.target))
        return sum(1 for place in _places(job) if place not in done)

    def predict(self, job: Job, on_block: Callable[[], None] = lambda: None) -> int:
        """Super-resolve an image into an OME-Zarr file; the pixels that were clipped.

        Raises
        ------
        UnfinishedError
            If a block failed again and again; the others are kept, and a further call goes on.
        """
        with resumed(job) as (work, _):
            clipped = _read_done(work.folder)
            with staging.replacing(work.folder / DONE) as whole_lines:
                whole_lines.write_text("".join(_line(*done) for done in clipped.items()), encoding="utf-8")
            task = Task(self.load, self._source(job.image), job.options, str(work.new.resolve()))
            waiting = (place for place in _places(job) if place not in clipped)
            with (work.folder / DONE).open("a", encoding="utf-8") as notes:
                for place, count in self._results(job, task, waiting):
                    clipped[place] = count
                    notes.write(_line(place, count))
                    notes.flush()
                    on_block()
        return sum(clipped.values())

    def _results(self, job: Job, task: Task, waiting: Iterator[Place]) -> Iterator[tuple[Place, int]]:
        """Each block that is done, and its clipped pixels; the scheduler never holds many tasks."""

        def submit(place: Place) -> Any:
            scaling = job.scalings[place.plane]
            return self.client.submit(_predict_block, task, scaling, place, retries=RETRIES, pure=False)

        name, most = job.image.path, WAITING_PER_THREAD * max(1, sum(self.client.nthreads().values()))
        tasks = as_completed([submit(place) for place in islice(waiting, most)])
        for future in tasks:
            if future.status in ("cancelled", "lost"):
                raise UnfinishedError(f"{name}: the cluster is gone: start it again and repeat the command")
            if future.status != "finished":
                self.client.cancel(list(tasks.futures))
                reason = _reason(future.exception())
                raise UnfinishedError(f"{name}: a block failed {RETRIES + 1} times ({reason}): run it again")
            yield future.result()
            if (following := next(waiting, None)) is not None:
                tasks.add(submit(following))

    def _source(self, image: Image) -> Source:
        return Source(str(image.path.resolve()), loaded(self.load).frames, *files.stamp(image.path))


def _places(job: Job) -> Iterator[Place]:
    """Blocks of an output, plane by plane; those of planes that cannot be normalised are blank."""
    side = chunk_side(job.model)
    for plane in job.sound_planes:
        for row in range(0, job.shape[-2], side):
            for column in range(0, job.shape[-1], side):
                yield Place(plane, row, column, side)


def _line(place: Place, count: int) -> str:
    return " ".join(map(str, (*place, count))) + "\n"


def _read_done(folder: Path) -> dict[Place, int]:
    """Clipped pixels of each block that is done; a line that a kill cut off is not there."""
    if not (folder / DONE).is_file():
        return {}
    lines = (folder / DONE).read_text(encoding="utf-8").splitlines(keepends=True)
    whole = [line.split() for line in lines if line[-1] == "\n"]
    return {Place(*map(int, line[:4])): int(line[4]) for line in whole}


def _reason(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


# what follows runs on the workers


def _scaling_of_plane(source: Source, plane: int) -> Scaling:
    return scaling_of(_opened(source).plane(plane))


def _predict_block(task: Task, scaling: Scaling, place: Place) -> tuple[Place, int]:
    model, image = loaded(task.load), _opened(task.source)
    rows, columns = (slice(start, start + place.side) for start in (place.row, place.column))
    unit = predict_region(model, unit_reader(image, place.plane, scaling), image.size, rows, columns)
    name = plane_name(image.path, place.plane, len(image.planes))
    encoded, clipped = encode(unit, scaling, task.options, name)
    zarr_writer(Path(task.target), image.axes)(place.plane, rows, columns, encoded)
    return place, clipped


@lru_cache(maxsize=2)
def _opened(source: Source) -> Image:
    return images.open_planes(Path(source.path), source.frames)
