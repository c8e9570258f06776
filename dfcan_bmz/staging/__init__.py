"""The one way in which every output is written: aside, then into its place, so that no kill costs data.

::

    with staging.writing(out, "record", overwrite) as path:        # a file
        write_record(path, ...)

    with staging.filling(out, "evaluate", overwrite) as folder:    # files into a folder, whose other files stay
        write_tables(folder, ...)

    work = staging.begin(out, "predict", keep=True)                # the steps of both, for work that is gone on with
    ...                                                            # write to work.new
    staging.place(work)
    staging.end(work)                                              # working(...) does it at the end of a block

    with staging.replacing(run / "history.csv") as path:           # a file within an output that is being written
        ...

Open it before the work begins: what cannot be written, exists already, or is being written by another process is
refused then, and no other process can take the place meanwhile.

Whatever is under way lies in a hidden folder beside the output, or within it where files are added to a folder that is
there, and so on the same file system::

    OUT/.cell.ome.zarr.partial/
      marker.json     whose it is: this package, the command, the process, since when; and what is under way
      lock            which ends with the process that holds it
      new/            the output, as it will lie beside this folder
      old/            what it replaces

A kill may come at any moment: `begin` finds its way from there (see `journal`).
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dfcan_bmz import files
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.staging.places import INSIDE, beside, just_placed, refuse_existing, refuse_file, refuse_unwritable
from dfcan_bmz.staging.work import Work, begin, discard, end, place, recover

__all__ = [
    "INSIDE",
    "Work",
    "begin",
    "beside",
    "discard",
    "end",
    "filling",
    "just_placed",
    "place",
    "recover",
    "refuse_existing",
    "refuse_file",
    "refuse_unwritable",
    "replacing",
    "working",
    "writing",
]


@contextmanager
def writing(target: Path, command: str, overwrite: bool) -> Iterator[Path]:
    """Yield where to write a file that appears at `target` when the block ends without error.

    Raises
    ------
    DfcanError
        As `begin`, and if `target` is a folder.
    """
    if target.is_dir():
        raise DfcanError(f"{target} is a folder, but a file is to be written there: give a name for it")
    with working(target, command, overwrite) as work:
        yield work.new
        place(work)


@contextmanager
def filling(target: Path, command: str, overwrite: bool, away: Iterable[str] = ()) -> Iterator[Path]:
    """Yield a folder whose content moves into the folder `target` when the block ends without error.

    Files of the same name are replaced, and so is what `away` names as a whole; everything else in `target` is left
    alone, so that a mistyped ``--out`` cannot delete a user's other files. Files come before folders: who sees the last
    folder in its place sees all.

    Raises
    ------
    DfcanError
        As `begin`.
    """
    with working(target, command, overwrite, fill=True) as work:
        work.new.mkdir(exist_ok=True)
        yield work.new
        place(work, away)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield where to write a file that replaces the one at `path`, within an output that this process writes.

    It is one step, which needs neither marker nor lock.
    """
    scratch = beside(path)
    files.remove(scratch)  # of a kill
    scratch.mkdir(parents=True)
    try:
        yield scratch / path.name
        (scratch / path.name).replace(path)
    finally:
        files.remove(scratch)


@contextmanager
def working(target: Path, command: str, overwrite: bool, fill: bool = False) -> Iterator[Work]:
    """Yield an output under way, which may be placed more than once, and end it with the block.

    Parameters are those of `begin`.
    """
    work = begin(target, command, overwrite, fill)
    try:
        yield work
    finally:
        end(work)
