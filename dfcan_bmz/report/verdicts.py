"""The verdicts on a bundle: a table for a terminal, and a page that can be kept or sent."""

from itertools import groupby
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Column, Table

from dfcan_bmz.templates import render


def verdict_table(verdicts: list[dict[str, Any]]) -> Table:
    """A table of verdicts, which are as `write_verdicts` takes them."""
    # names of formats are long words: folded in a narrow terminal, not cut off
    table = Table(Column("test", overflow="fold"), "engine", "verdict", "figure", Column("message", overflow="fold"))
    for name, rows in groupby(verdicts, lambda verdict: verdict["format"]):
        table.add_section()
        table.add_row(f"[bold]{name}[/bold]")
        for row in rows:
            figure = "" if row["figure"] is None else f"{row['figure']:.2g}"
            table.add_row(f"  {row['test']}", row["engine"], row["verdict"], figure, escape(row["message"]))
    return table


def write_verdicts(path: Path, name: str, verdicts: list[dict[str, Any]]) -> None:
    """Write a self-contained HTML page.

    Parameters
    ----------
    path : pathlib.Path
        The file to write.
    name : str
        Name of the bundle.
    verdicts : list of dict
        ``format, engine, test, verdict, figure, message``, grouped by format.
    """
    formats = [(key, list(rows)) for key, rows in groupby(verdicts, lambda verdict: verdict["format"])]
    counts = {word: sum(v["verdict"] == word for v in verdicts) for word in ("passed", "failed", "not run")}
    remarkable = [verdict for verdict in verdicts if verdict["verdict"] != "passed"]
    values = {"name": name, "formats": formats, "counts": counts, "remarkable": remarkable}
    html = render("dfcan_bmz.report", "verdicts.html.j2", **values)
    path.write_text(html, encoding="utf-8")
