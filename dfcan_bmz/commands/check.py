"""``dfcan-bmz check``: does a bundle run in every engine?"""

import json
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dfcan_bmz.bundle.check import FAILED, Verdict, check
from dfcan_bmz.errors import DfcanError, UnfinishedError


def run(bundle: Path, as_json: bool) -> None:
    if not bundle.is_file():
        raise DfcanError(f"{bundle} does not exist: check the path")
    verdicts = check(bundle)
    if as_json:
        print(json.dumps([verdict._asdict() for verdict in verdicts], indent=2))
    else:
        Console().print(_table(verdicts))
    failed = sum(verdict.verdict == FAILED for verdict in verdicts)
    if failed:
        raise UnfinishedError(f"{bundle}: {failed} of {len(verdicts)} checks failed: package the model again")


def _table(verdicts: list[Verdict]) -> Table:
    table = Table("format", "engine", "test", "verdict", "figure", "message")
    for verdict in verdicts:
        figure = "" if verdict.figure is None else f"{verdict.figure:.2g}"
        table.add_row(*verdict[:4], figure, escape(verdict.message))
    return table
