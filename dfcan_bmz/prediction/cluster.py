"""Prediction on many processes or machines: blocks of an OME-Zarr output as tasks of a ``dask.distributed`` cluster.

Blocks are chunks, so that no two tasks write to one file; a task writes its chunk as a whole, so that running it again
does no harm. What is done is noted, and not done again after a kill::

    OUT/.cell.ome.zarr.partial/
      new/cell.ome.zarr/     the output
      progress.json          what it is an output of
      blocks.txt             a line for each block that is done: plane, row, column, side, clipped pixels
"""

import importlib
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from distributed import Client, Worker, WorkerPlugin, as_completed

from dfcan_bmz import console, files, images, staging
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.flaws import plane_name
from dfcan_bmz.formats.ome_zarr_output import zarr_array
from dfcan_bmz.images import Frames, Image
from dfcan_bmz.model import Load, Model, loaded
from dfcan_bmz.normalize import Scaling, scaling_of
from dfcan_bmz.prediction.stream import (
    Output,
    chunk_side,
    encode,
    fingerprint,
    output_shape,
    read_progress,
    resumed,
    unit_reader,
)
from dfcan_bmz.prediction.tiles import predict_region

RETRIES = 3
PATIENCE = "20s"  # for a scheduler to answer
WAITING_PER_THREAD = 4  # tasks that the scheduler holds at a time, for each thread of the workers


class Source(NamedTuple):
    """An image that workers open once.

    Its path, how its planes make up images, and its size and time, with which another image of that path comes.
    """

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


def connect(scheduler: str, workers: int, module: str) -> Client:
    """Client of a cluster.

    Parameters
    ----------
    scheduler : str
        Address, ``tcp://host:port``, or ``local`` for a cluster of processes on this machine.
    workers : int
        Processes of a local cluster, one thread each.
    module : str
        What workers import before their first task: that of the model's `Load`.

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
        raise DfcanError(f"no dask scheduler answers at {scheduler}: start `dask scheduler`, check address") from error
    if not client.nthreads():
        print(f"{scheduler} has no workers yet: waiting for the first (`dask worker {scheduler}`)", file=sys.stderr)
    with suppress(Exception):  # workers without this package: the first task reports it
        client.register_plugin(QuietStart(module))
    return client


def scalings_of(client: Client, image: Image, frames: Frames = images.SINGLE) -> list[Scaling]:
    """Scaling of each plane of an image, measured by the workers.

    Raises
    ------
    DfcanError
        If the image cannot be read, or the workers cannot run this package.
    """
    planes = len(image.planes)
    try:
        return client.gather(
            client.map(_scaling_of_plane, [_source(image, frames)] * planes, range(planes), pure=False)
        )
    except DfcanError:
        raise
    except Exception as error:
        # a worker without this package, one that dies or sees another disk: each has an exception of its own
        raise UnfinishedError(
            f"{image.path}: the cluster could not measure it ({_reason(error)}): see that its workers have dfcan-bmz, "
            "enough memory, and the same disk"
        ) from error


def predict_to_zarr(
    client: Client,
    load: Load,
    image: Image,
    scalings: list[Scaling],
    target: Path,
    output: Output,
    on_block: Callable[[], None] = lambda: None,
) -> int:
    """Super-resolve an image into an OME-Zarr file on a cluster whose machines see the same disk.

    Parameters and result are those of `dfcan_bmz.prediction.stream.predict_to_file`, but for `client`; `load`, which
    every worker calls once; and `on_block`, which is called after each block.

    Raises
    ------
    UnfinishedError
        If a block failed again and again; the others are kept, and a further call goes on.
    """
    predictor = loaded(load)
    blocks = places(output_shape(predictor, image), chunk_side(predictor))
    with resumed(predictor, image, scalings, target, output) as (work, _):
        return _predict_blocks(client, load, image, scalings, output, work, blocks, on_block)


def _predict_blocks(
    client: Client,
    load: Load,
    image: Image,
    scalings: list[Scaling],
    output: Output,
    work: staging.Work,
    blocks: Iterator[Place],
    on_block: Callable[[], None],
) -> int:
    """Predict those blocks that are not done yet; the pixels that were clipped, of all."""
    clipped = _read_done(work.folder / "blocks.txt")
    with staging.replacing(work.folder / "blocks.txt") as whole_lines:
        whole_lines.write_text("".join(_line(*done) for done in clipped.items()), encoding="utf-8")
    inputs = load, _source(image, loaded(load).frames), str(work.new.resolve())

    def submit(place: Place) -> Any:
        task = (*inputs, scalings[place.plane], output, place)
        return client.submit(_predict_block, *task, retries=RETRIES, pure=False)

    waiting = (place for place in blocks if place not in clipped and not scalings[place.plane].flaw)
    most = WAITING_PER_THREAD * max(1, sum(client.nthreads().values()))
    tasks = as_completed([submit(place) for place in islice(waiting, most)])
    with (work.folder / "blocks.txt").open("a", encoding="utf-8") as notes:
        for task in tasks:
            if task.status in ("cancelled", "lost"):
                raise UnfinishedError(f"{image.path}: the cluster is gone: start it again and repeat the command")
            if task.status != "finished":
                client.cancel(list(tasks.futures))
                error = task.exception()
                raise UnfinishedError(
                    f"{image.path}: a block failed {RETRIES + 1} times ({_reason(error)}): run it again"
                )
            place, count = task.result()
            clipped[place] = count
            notes.write(_line(place, count))
            notes.flush()
            on_block()
            if (following := next(waiting, None)) is not None:
                tasks.add(submit(following))
    return sum(clipped.values())


def places(shape: tuple[int, ...], side: int) -> Iterator[Place]:
    """Blocks of an output of this shape, plane by plane."""
    for plane in range(math.prod(shape[:-2])):
        for row in range(0, shape[-2], side):
            for column in range(0, shape[-1], side):
                yield Place(plane, row, column, side)


def blocks_to_do(predictor: Model, image: Image, scalings: list[Scaling], target: Path, output: Output) -> int:
    """How many blocks are left to predict for this output."""
    folder = staging.beside(target)
    known = read_progress(folder, fingerprint(predictor, image, scalings, output)) is not None
    done = _read_done(folder / "blocks.txt") if known else {}
    blocks = places(output_shape(predictor, image), chunk_side(predictor))
    return sum(1 for place in blocks if place not in done and not scalings[place.plane].flaw)


def _line(place: Place, count: int) -> str:
    return " ".join(map(str, (*place, count))) + "\n"


def _read_done(path: Path) -> dict[Place, int]:
    """Clipped pixels of each block that is done; a line that a kill cut off is not there."""
    if not path.is_file():
        return {}
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line[-1] == "\n"]
    return {Place(*map(int, line[:4])): int(line[4]) for line in lines}


def _reason(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _source(image: Image, frames: Frames) -> Source:
    return Source(str(image.path.resolve()), frames, *files.stamp(image.path))


# what follows runs on the workers


def _scaling_of_plane(source: Source, plane: int) -> Scaling:
    return scaling_of(_opened(source).plane(plane))


def _predict_block(
    load: Load, source: Source, target: str, scaling: Scaling, output: Output, place: Place
) -> tuple[Place, int]:
    predictor, image = loaded(load), _opened(source)
    rows, columns = (slice(start, start + place.side) for start in (place.row, place.column))
    read = unit_reader(image, place.plane, scaling)
    unit = predict_region(predictor, read, image.size, rows, columns)
    encoded, clipped = encode(unit, scaling, output, plane_name(image.path, place.plane, len(image.planes)))
    array = zarr_array(Path(target))
    index = map(int, np.unravel_index(place.plane, array.shape[:-2])) if array.ndim > 2 else ()
    array[(*index, rows, columns)] = encoded
    return place, clipped


@lru_cache(maxsize=2)
def _opened(source: Source) -> Image:
    return images.open_planes(Path(source.path), source.frames)
