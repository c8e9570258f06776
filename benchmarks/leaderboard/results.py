"""The rows of ``results.csv``, and the table of `README.md` that shows them.

python benchmarks/leaderboard/results.py   writes the table anew
"""

import csv
import re
from pathlib import Path
from typing import NamedTuple

from sets import DESCRIBED, HERE, NAMES

from dfcan_bmz.evaluation.score import read_rows

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


def read_results() -> list[Row]:
    """What was measured before."""
    return read_rows(RESULTS, Row) if RESULTS.is_file() else []


def write_results(rows: list[Row]) -> None:
    """Write all rows, by set, in the order in which they were measured, and the table that shows them."""
    ordered = sorted(rows, key=lambda row: NAMES.index(row.set))
    with RESULTS.open("w", newline="", encoding="utf-8") as lines:
        csv.writer(lines, lineterminator="\n").writerows([Row._fields, *ordered])  # the line ends of committed files
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
