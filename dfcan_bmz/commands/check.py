"""``dfcan-bmz check``: does a bundle run in every engine?"""

import json
import sys
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from dfcan_bmz import files, staging
from dfcan_bmz.bundle.check import check
from dfcan_bmz.bundle.named import find_bundle
from dfcan_bmz.bundle.verdict import FAILED, PASSED
from dfcan_bmz.bundle.zoo import forecast
from dfcan_bmz.errors import UnfinishedError
from dfcan_bmz.export import FILE_NAMES
from dfcan_bmz.report.verdicts import verdict_table, write_verdicts


def run(bundle: Path, as_json: bool, html: Path | None, zoo: bool, overwrite: bool, trusted: bool = False) -> None:
    bundle = find_bundle(bundle, lambda line: print(line, file=sys.stderr))
    if html is not None:
        files.refuse_input_as_output([bundle], [html])
    with staging.writing(html, "check", overwrite) if html is not None else nullcontext() as page:
        verdicts = check(bundle, trusted)
        if zoo:
            print("asking the network whether the addresses and GitHub users of the description exist", file=sys.stderr)
            verdicts += forecast(bundle, verdicts)
        rows = [asdict(verdict) for verdict in verdicts]
        if page is not None:
            write_verdicts(page, bundle.name, rows)
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        Console().print(verdict_table(rows))
    failed = [f"{verdict.format}, {verdict.test}" for verdict in verdicts if verdict.verdict == FAILED]
    if failed:
        named = "; ".join(failed[:3]) + ("; ..." if len(failed) > 3 else "")
        share = f"{len(failed)} of {len(verdicts)} checks failed"
        raise UnfinishedError(f"{bundle}: {share} ({named}): correct that, then package the model again")
    if not any(verdict.verdict == PASSED and verdict.format in FILE_NAMES for verdict in verdicts):
        reasons = "; ".join(f"{verdict.format}: {verdict.message}" for verdict in verdicts if verdict.test == "load")
        raise UnfinishedError(f"{bundle}: none of its weights could be run ({reasons})")
