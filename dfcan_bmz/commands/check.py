"""``dfcan-bmz check``: does a bundle run in every engine?"""

import json
import sys
from contextlib import nullcontext
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from dfcan_bmz import files, staging
from dfcan_bmz.bundle.check import FAILED, PASSED, Verdict, check
from dfcan_bmz.bundle.named import find_bundle
from dfcan_bmz.bundle.zoo import forecast
from dfcan_bmz.errors import UnfinishedError
from dfcan_bmz.export import FILE_NAMES
from dfcan_bmz.report.verdicts import write_verdicts


def run(bundle: Path, as_json: bool, html: Path | None, zoo: bool, overwrite: bool, trusted: bool = False) -> None:
    bundle = find_bundle(bundle, lambda line: print(line, file=sys.stderr))
    if html is not None:
        files.refuse_input_as_output([bundle], [html])
    with staging.writing(html, "check", overwrite) if html is not None else nullcontext() as page:
        verdicts = check(bundle, trusted)
        if zoo:
            print("asking the network whether the addresses and GitHub users of the description exist", file=sys.stderr)
            verdicts += forecast(bundle, verdicts)
        if page is not None:
            write_verdicts(page, bundle.name, [verdict._asdict() for verdict in verdicts])
    if as_json:
        print(json.dumps([verdict._asdict() for verdict in verdicts], indent=2))
    else:
        Console().print(_table(verdicts))
    failed = [f"{verdict.format}, {verdict.test}" for verdict in verdicts if verdict.verdict == FAILED]
    if failed:
        named = "; ".join(failed[:3]) + ("; ..." if len(failed) > 3 else "")
        share = f"{len(failed)} of {len(verdicts)} checks failed"
        raise UnfinishedError(f"{bundle}: {share} ({named}): mend that, then package the model again")
    if not any(verdict.verdict == PASSED and verdict.format in FILE_NAMES for verdict in verdicts):
        reasons = "; ".join(f"{verdict.format}: {verdict.message}" for verdict in verdicts if verdict.test == "load")
        raise UnfinishedError(f"{bundle}: none of its weights could be run ({reasons})")


def _table(verdicts: list[Verdict]) -> Table:
    # names of formats are long words: folded in a narrow terminal, not cut off
    table = Table(Column("test", overflow="fold"), "engine", "verdict", "figure", Column("message", overflow="fold"))
    for name, rows in groupby(verdicts, lambda verdict: verdict.format):
        table.add_section()
        table.add_row(f"[bold]{name}[/bold]")
        for row in rows:
            figure = "" if row.figure is None else f"{row.figure:.2g}"
            table.add_row(f"  {row.test}", row.engine, row.verdict, figure, escape(row.message))
    return table
