"""The referee: does every weight format of a bundle run in its own engine, in a fresh process and an empty folder?"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from dfcan_bmz.bundle.read import open_description
from dfcan_bmz.export import FILE_NAMES

PASSED, FAILED, NOT_RUN = "passed", "failed", "not run"


class Verdict(NamedTuple):
    """One test of one weight format in one engine.

    Attributes
    ----------
    format, engine, test : str
        What was tested, by what, on what.
    verdict : {"passed", "failed", "not run"}
        The outcome.
    figure : float or None
        What was measured, where the test measures something.
    message : str
        Why, in the user's terms; empty where it passed.
    """

    format: str
    engine: str
    test: str
    verdict: str
    figure: float | None
    message: str


def check(bundle: Path) -> list[Verdict]:
    """Test a bundle.

    Parameters
    ----------
    bundle : pathlib.Path
        A ``.zip``, ours or anybody's.

    Returns
    -------
    list of Verdict
        The description first, then each weight format in it.

    Raises
    ------
    DfcanError
        If the file is no bundle at all.
    """
    description = open_description(bundle)
    verdicts = [Verdict("rdf.yaml", "bioimageio.spec", "description", PASSED, None, "")]
    for name, entry in description.weights:
        if entry is None:
            continue
        if name in FILE_NAMES:
            verdicts += _check_format(bundle, name)
        else:
            reason = "this version has no engine for it" + (
                ", and it contains code" if name == "pytorch_state_dict" else ""
            )
            verdicts.append(Verdict(name, "-", "load", NOT_RUN, None, reason))
    return verdicts


def _check_format(bundle: Path, name: str) -> list[Verdict]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "dfcan_bmz.bundle.check_format", str(bundle.resolve()), name, "verdicts.json"]
        answer = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        report = Path(folder) / "verdicts.json"
        if answer.returncode or not report.is_file():
            reason = (answer.stderr.strip().splitlines() or ["the process died without a word"])[-1]
            return [Verdict(name, "bioimageio.core", "load", FAILED, None, reason)]
        return [Verdict(*row) for row in json.loads(report.read_text(encoding="utf-8"))]
