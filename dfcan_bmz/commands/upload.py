"""``dfcan-bmz upload``: a bundle to the BioImage Model Zoo; without --yes, what would happen."""

from collections.abc import Iterable
from pathlib import Path

from dfcan_bmz.bundle.named import find_bundle
from dfcan_bmz.bundle.objections import alerts, open_fit
from dfcan_bmz.bundle.verdict import FAILED, NOT_RUN, Verdict
from dfcan_bmz.bundle_file.read import Bundle
from dfcan_bmz.errors import UnfinishedError


def run(bundle: Path, yes: bool) -> None:
    bundle = find_bundle(bundle, print)
    opened = open_fit(bundle)
    files = f"{bundle}: {len(opened.names)} files, {bundle.stat().st_size / 1e6:.1f} MB"
    if yes:
        _upload(opened, files)
        return
    _refuse_objections(bundle, [alerts(opened)])
    print(f"{files}; nothing was sent, and its weights were not run")
    print(f"the zoo's validation, tests and score, predicted: dfcan-bmz check {bundle} --zoo")
    print("pass --yes to run them and upload it, which agrees to https://bioimage.io/#/toc")


def _upload(opened: Bundle, files: str) -> None:
    from dfcan_bmz.bundle import check, upload, zoo  # slow to import, and of no use to a dry run

    upload.refuse_unready(opened)
    print("checking every format, as the zoo will")
    bundle = opened.path
    verdicts = check.check(bundle)
    verdicts += zoo.forecast(bundle, verdicts)
    _refuse_objections(bundle, verdicts)
    for verdict in (skipped := [verdict for verdict in verdicts if verdict.verdict == NOT_RUN]):
        print(f"not tested, {verdict.format}: {verdict.message}")
    if any(verdict.test == "load" for verdict in skipped):
        raise UnfinishedError(f"{bundle} was not uploaded: some of its weights could not be tested here")
    print(f"{files}, predicted score {next(verdict.figure for verdict in verdicts if verdict.test == zoo.SCORE):.2f}")
    print(f"{upload.upload(opened, print)}\nask for a review, and follow it, at https://bioimage.io under My Artifacts")


def _refuse_objections(bundle: Path, verdicts: Iterable[Verdict]) -> None:
    failed = [verdict for verdict in verdicts if verdict.verdict == FAILED]
    if failed:
        reasons = "; ".join(f"{verdict.format}, {verdict.test}: {verdict.message}" for verdict in failed)
        raise UnfinishedError(f"{bundle} was not uploaded, the zoo would object ({reasons})")
