"""The referee: does every weight format of a bundle run in its own engine, in a fresh process and an empty folder?"""

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import yaml

from dfcan_bmz.bundle.deepimagej import lint
from dfcan_bmz.bundle.read import open_description, refuse_other_files
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.export import FILE_NAMES, last_words, missing_extra

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
        The description first, then each weight format in it; of a description that is not valid, that alone.

    Raises
    ------
    DfcanError
        If the file is no bundle at all.
    """
    refuse_other_files(bundle)
    try:
        description = open_description(bundle)
    except DfcanError as error:
        return [Verdict("rdf.yaml", "bioimageio.spec", "description", FAILED, None, str(error))]
    verdicts = [Verdict("rdf.yaml", "bioimageio.spec", "description", PASSED, None, "")]
    objections = _objections(bundle)
    verdict = FAILED if objections else PASSED
    verdicts.append(Verdict("rdf.yaml", "deepImageJ, ilastik", "their rules", verdict, None, "; ".join(objections)))
    for name, entry in description.weights:
        if entry is None:
            continue
        if reason := _why_not(name):
            verdicts.append(Verdict(name, "-", "load", NOT_RUN, None, reason))
        else:
            verdicts += _check_format(bundle, name)
    return verdicts


def _objections(bundle: Path) -> list[str]:
    with zipfile.ZipFile(bundle) as archive:
        names = archive.namelist()
        content = yaml.safe_load(archive.read("rdf.yaml" if "rdf.yaml" in names else "bioimageio.yaml"))
    return lint(content, names)


def _why_not(name: str) -> str | None:
    if name == "pytorch_state_dict":
        return "contains code"
    if name not in FILE_NAMES:
        return "this version has no engine for it"
    extra = missing_extra(name)
    return f"its engine is missing: pip install 'dfcan-bmz[{extra}]'" if extra else None


def _check_format(bundle: Path, name: str) -> list[Verdict]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "dfcan_bmz.bundle.check_format", str(bundle.resolve()), name, "verdicts.json"]
        answer = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        report = Path(folder) / "verdicts.json"
        if answer.returncode or not report.is_file():
            reason = last_words(answer)
            return [Verdict(name, "bioimageio.core", "load", FAILED, None, reason)]
        return [Verdict(*row) for row in json.loads(report.read_text(encoding="utf-8"))]
