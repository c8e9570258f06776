"""The rows of ``results.csv``, and the table of `README.md` that shows them.

python benchmarks/leaderboard/results.py   writes the table anew
"""

import csv
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, TypeVar

from sets import DESCRIBED, HERE, NAMES

from dfcan_bmz.evaluation.score import read_rows

T = TypeVar("T")

RESULTS, README = HERE / "results.csv", HERE / "README.md"
TABLE = re.compile(r"(^\|.*\n)+", re.MULTILINE)


class Row(NamedTuple):
    """Means over the fields of view of a set, after a least-squares fit of gain and offset."""

    set: str
    method: str
    psnr: str
    ssim: str
    images: str
    fields: str


def known_rows(file: Path, kind: Callable[..., T]) -> list[T]:
    """What was measured before."""
    return read_rows(file, kind) if file.is_file() else []


def write_rows(file: Path, fields: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a table of measurements, with the line ends of a file that is committed."""
    with file.open("w", newline="", encoding="utf-8") as lines:
        csv.writer(lines, lineterminator="\n").writerows([fields, *rows])


def read_results() -> list[Row]:
    """Rows of the leaderboard."""
    return known_rows(RESULTS, Row)


def write_results(rows: list[Row]) -> None:
    """Write all rows, by set, in the order in which they were measured, and the table that shows them."""
    ordered = sorted(rows, key=lambda row: NAMES.index(row.set))
    write_rows(RESULTS, Row._fields, ordered)
    write_table(ordered)


def table_of(rows: list[Row]) -> str:
    """PSNR and SSIM of every method (rows) on every set (columns), in Markdown."""
    found = {(row.set, row.method): f"{row.psnr}, {row.ssim}" for row in rows}
    lines = [["method", *(DESCRIBED["sets"][name]["column"] for name in NAMES)], ["---"] * (1 + len(NAMES))]
    for method in dict.fromkeys(row.method for row in rows):
        lines.append([method, *(found.get((name, method), "") for name in NAMES)])
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def write_table(rows: list[Row], readme: Path = README) -> None:
    """Put the table in the place of the one that a file has."""
    text = readme.read_text(encoding="utf-8")
    readme.write_text(TABLE.sub(lambda _: table_of(rows), text, count=1), encoding="utf-8")


if __name__ == "__main__":
    write_table(read_results())
