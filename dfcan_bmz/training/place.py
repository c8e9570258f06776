"""Where a training writes: aside until its first epoch is over, so that an older run is there until then.

::

    RUN            the older run, or nothing
    RUN/.partial/  or .RUN.partial/: the new one, with its settings from the beginning on

A training that was killed in its first epoch has its settings and nothing else: a resume begins it again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from dfcan_bmz import run_folder, staging
from dfcan_bmz.config import Config
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.events import SILENT, Events


class Place(NamedTuple):
    """Of one training.

    Attributes
    ----------
    out : pathlib.Path
        The run folder.
    work : staging.Work
        What is under way.
    begun : pathlib.Path or None
        The training that is gone on with: `out`, or one that has no epoch yet.
    """

    out: Path
    work: staging.Work
    begun: Path | None

    @property
    def fresh(self) -> bool:
        """Whether the training begins, or begins again."""
        return self.begun != self.out

    @property
    def waits(self) -> bool:
        """Whether the training has not taken its place yet."""
        return (self.work.new / "config.yaml").is_file()

    @property
    def run(self) -> Path:
        """Where the run folder is now."""
        return self.work.new if self.waits else self.out

    def note(self, config: Config) -> None:
        """Write the settings of a training that begins."""
        if self.fresh:
            staging.discard(self.work)
            self.work.new.mkdir(exist_ok=True)
            run_folder.write_config(self.work.new, config)

    def settle(self) -> Path:
        """Let the training take its place, and an older run go; where the run folder is from then on."""
        if self.waits:
            staging.place(self.work, away=run_folder.ENTRIES)
            staging.discard(self.work)  # a kill from now on is one of a training that has epochs
        return self.out


@contextmanager
def run_place(out: Path, resume: bool, overwrite: bool, events: Events = SILENT) -> Iterator[Place]:
    """Yield where a training writes; no other process can write there meanwhile.

    Raises
    ------
    DfcanError
        If a run is there and is neither to be replaced nor gone on with, or another process writes it.
    """
    work = staging.begin(out, "train", overwrite=True, fill=True, keep=resume)
    begun = None
    try:
        if resume:
            begun = work.new if (work.new / "config.yaml").is_file() else _resumed(out, events)
        elif not overwrite:
            staging.refuse_existing([out], overwrite)
        else:
            _refuse_others(out)
        yield Place(out, work, begun)
    except UnfinishedError:
        staging.end(work)
        raise
    except BaseException as error:
        # what a resume did not like is left for one that it does; a signal is no reason to forget the settings
        staging.end(work, keep=begun == work.new or not isinstance(error, DfcanError))
        raise
    staging.end(work)


def _resumed(out: Path, events: Events) -> Path | None:
    """The run to go on with; None where a kill came before there was any."""
    entries = {entry.name for entry in out.iterdir()} if out.is_dir() else set()
    if entries - {*run_folder.ENTRIES, staging.INSIDE} or (out / "config.yaml").is_file():
        run_folder.refuse_other_folders(out)
        return out
    events.tell(f"{out} has no training yet: it starts")
    return None


def _refuse_others(out: Path) -> None:
    """Refuse to replace files that only have the names of a run folder's."""
    there = [out / entry for entry in run_folder.ENTRIES if (out / entry).exists()]
    strangers = {entry.name for entry in out.iterdir()} - {*run_folder.ENTRIES, staging.INSIDE} if there else set()
    if strangers and not (out / "config.yaml").is_file():
        raise DfcanError(f"{there[0]} is not part of a training, and is not replaced: choose another --out")
