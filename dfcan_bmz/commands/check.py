"""``dfcan-bmz check``: does a bundle run in every engine?"""

import json
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dfcan_bmz import files
from dfcan_bmz.bundle.check import FAILED, Verdict, check
from dfcan_bmz.bundle.zoo import forecast
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.report.verdicts import write_verdicts


def run(bundle: Path, as_json: bool, html: Path | None, zoo: bool, overwrite: bool) -> None:
    if not bundle.is_file():
        raise DfcanError(f"{bundle} does not exist: check the path")
    if html is not None:
        files.refuse_existing([html], overwrite)
        files.refuse_input_as_output([bundle], [html])
    verdicts = check(bundle)
    if zoo:
        verdicts += forecast(bundle, verdicts)
    if html is not None:
        with files.atomic_path(html) as path:
            write_verdicts(path, bundle.name, [verdict._asdict() for verdict in verdicts])
    if as_json:
        print(json.dumps([verdict._asdict() for verdict in verdicts], indent=2))
    else:
        Console().print(_table(verdicts))
    failed = sum(verdict.verdict == FAILED for verdict in verdicts)
    if failed:
        raise UnfinishedError(f"{bundle}: {failed} of {len(verdicts)} checks failed: package the model again")


def _table(verdicts: list[Verdict]) -> Table:
    table = Table("test", "engine", "verdict", "figure", "message")
    for name, rows in groupby(verdicts, lambda verdict: verdict.format):
        table.add_section()
        table.add_row(f"[bold]{name}[/bold]")
        for row in rows:
            figure = "" if row.figure is None else f"{row.figure:.2g}"
            table.add_row(f"  {row.test}", row.engine, row.verdict, figure, escape(row.message))
    return table
