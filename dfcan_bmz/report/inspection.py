"""What is in folders of images or of pairs, and what is wrong with it."""

from collections import Counter
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.markup import escape
from rich.table import Column, Table

from dfcan_bmz import images
from dfcan_bmz.data.pair_checks import PairCheck, check_pair, same_fields
from dfcan_bmz.data.pairs import match
from dfcan_bmz.data.records import frames_told
from dfcan_bmz.data.survey import Survey, survey
from dfcan_bmz.events import SILENT, Events
from dfcan_bmz.files import refuse_input_as_output, write_table
from dfcan_bmz.names import legible
from dfcan_bmz.staging import filling

IMAGE_COLUMNS = ("path", "axes", "shape", "dtype", "smallest", "largest", "saturated", "pixel_size_nm")
PAIR_COLUMNS = ("name", "fov", "scale", "down_px", "right_px", "agreement")


class Inspection(NamedTuple):
    """What was found in folders: their images, their pairs, and a line for each problem."""

    surveys: list[Survey]
    checks: list[PairCheck]
    problems: list[str]


def inspect(
    folders: list[Path], out: Path | None = None, overwrite: bool = False, events: Events = SILENT
) -> Inspection:
    """Look at all images and pairs of folders.

    Parameters
    ----------
    folders : list of pathlib.Path
        Of images, or of pairs (``lr/`` and ``hr/``).
    out : pathlib.Path, optional
        Folder for tables and pictures.
    overwrite : bool
        Whether files of these names in `out` are replaced.
    events : Events
        Hears of progress and notes.
    """
    if out is not None:
        refuse_input_as_output(folders, [out])
    with filling(out, "inspect", overwrite) if out is not None else nullcontext() as place:
        found = _look(folders, events)
        if place is not None:
            _write(place, found.surveys, found.checks)
    return found


def _look(folders: list[Path], events: Events) -> Inspection:
    surveys: list[Survey] = []
    checks: list[PairCheck] = []
    problems: list[str] = []
    for folder in folders:
        is_set = (folder / "lr").is_dir() and (folder / "hr").is_dir()
        for image_folder in (folder / "lr", folder / "hr") if is_set else (folder,):
            found = images.find(image_folder).values()
            surveys += [survey(path) for path in events.each(found, f"reading {image_folder}")]
            problems += [images.told_of_other(path) for path in images.others(image_folder)]
        if is_set:
            pairs, unpaired = match(folder / "lr", folder / "hr")
            told = frames_told(folder / "lr")
            checks += [check_pair(pair, told) for pair in events.each(pairs, f"checking {folder}")]
            problems += unpaired
    problems += [problem for one in surveys for problem in one.problems]
    # a pair whose images cannot be read has been reported
    problems += [problem for check in checks for problem in check.problems if problem not in problems]
    problems += [_same_field(one, other) for one, other in same_fields(checks)]
    events.notes_of((one.path, note) for one in surveys for note in one.notes)
    return Inspection(surveys, checks, problems)


def _same_field(one: Path, other: Path) -> str:
    told = f"{one} and {other} show the same field"
    if one.parent == other.parent:
        return f"{told}, which a split may put on both sides: give them one fov in manifest.csv"
    return f"{told}, which may be trained on and tested on: leave it out of one of the sets"


def image_table(surveys: list[Survey]) -> Table:
    """A row for each folder."""
    folders = list(dict.fromkeys(one.path.parent for one in surveys))
    # the end of a path tells lr from hr: it is folded, not cut off, and the beginning is left out where that is enough
    short = {folder: "/".join(folder.parts[-2:]) for folder in folders}
    named = short if len(set(short.values())) == len(folders) else {folder: str(folder) for folder in folders}
    first = Column("folder", overflow="fold", min_width=8)
    table = Table(first, "images", "sizes", "types", "ranges", "pixel sizes (nm)", "with a problem")
    for folder in folders:
        found = [one for one in surveys if one.path.parent == folder]
        read = [one for one in found if one.axes]
        table.add_row(
            escape(named[folder]),
            str(len(found)),
            _counted(f"{one.axes} {' x '.join(map(str, one.shape))}" for one in read),
            _counted(one.dtype for one in read),
            f"{min(one.smallest for one in read):g} .. {max(one.largest for one in read):g}" if read else "",
            _counted(map(_pixel_size, read)),
            str(sum(bool(one.problems) for one in found)),
        )
    return table


def _pixel_size(one: Survey) -> str:
    """Side of a pixel, or both sides where they differ."""
    sides = [f"{side:.4g}" for side in (one.calibration.x_nm, one.calibration.y_nm) if side is not None]
    return " x ".join(dict.fromkeys(sides)) or "unknown"


def pair_table(checks: list[PairCheck]) -> Table:
    """What all pairs have in common."""
    table = Table("pairs", "fields", "scale", "shift (HR px)", "agreement", "with a problem")
    measured = [check for check in checks if check.scale]
    shifts, agreements = ([getattr(check, name) for check in measured] for name in ("shift_px", "agreement"))
    table.add_row(
        str(len(checks)),
        str(len({check.fov for check in checks})),
        _counted(str(check.scale) for check in measured),
        f"median {np.median(shifts):.2f}, at most {max(shifts):.2f}" if measured else "",
        f"median {np.median(agreements):.2f}, at least {min(agreements):.2f}" if measured else "",
        str(sum(bool(check.problems) for check in checks)),
    )
    return table


def _counted(values: Iterable[str]) -> str:
    """Values in order of frequency; how often each occurs, where there are several."""
    counts = Counter(values).most_common()
    return counts[0][0] if len(counts) == 1 else "\n".join(f"{value} ({count})" for value, count in counts)


def _write(folder: Path, surveys: list[Survey], checks: list[PairCheck]) -> None:
    from dfcan_bmz.report.contact_sheet import Cell, plot_contact_sheet  # matplotlib, which tables do without
    from dfcan_bmz.report.pair_checks import plot_pair_checks

    _write_csv(folder / "images.csv", IMAGE_COLUMNS, surveys)
    by_pair = sorted(
        surveys, key=lambda one: (one.path.parent.parent, images.name_of(one.path), one.path.parent.name != "lr")
    )
    cells = [
        Cell(legible(f"{one.path.parent.name}/{one.path.name}"), one.thumbnail, bool(one.problems)) for one in by_pair
    ]
    plot_contact_sheet(cells).savefig(folder / "contact_sheet.png", dpi=120)
    if checks:
        _write_csv(folder / "pairs.csv", PAIR_COLUMNS, checks)
        plot_pair_checks(checks, surveys).savefig(folder / "pairs.png", dpi=100)


def _write_csv(path: Path, columns: tuple[str, ...], rows: list[Survey] | list[PairCheck]) -> None:
    cells = ([*(getattr(row, name) for name in columns), "; ".join(row.problems)] for row in rows)
    write_table(path, [*columns, "problems"], cells)
