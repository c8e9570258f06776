"""``dfcan-bmz upload``: a bundle to the BioImage Model Zoo; without --yes, what would happen."""

from pathlib import Path

from dfcan_bmz.bundle.check import check
from dfcan_bmz.bundle.named import find_bundle
from dfcan_bmz.bundle.upload import refuse_unfit, refuse_without_token, upload
from dfcan_bmz.bundle.verdict import FAILED, NOT_RUN
from dfcan_bmz.bundle.zoo import SCORE, forecast
from dfcan_bmz.errors import UnfinishedError


def run(bundle: Path, yes: bool) -> None:
    bundle = find_bundle(bundle, print)
    names = refuse_unfit(bundle)
    if yes:
        refuse_without_token()
    print("checking every format, as the zoo will")
    verdicts = check(bundle)
    verdicts += forecast(bundle, verdicts)
    failed = [verdict for verdict in verdicts if verdict.verdict == FAILED]
    if failed:
        reasons = "; ".join(f"{verdict.format}, {verdict.test}: {verdict.message}" for verdict in failed)
        raise UnfinishedError(f"{bundle} was not uploaded, the zoo would object ({reasons})")
    skipped = [verdict for verdict in verdicts if verdict.verdict == NOT_RUN]
    for verdict in skipped:
        print(f"not tested, {verdict.format}: {verdict.message}")
    if yes and any(verdict.test == "load" for verdict in skipped):
        raise UnfinishedError(f"{bundle} was not uploaded: weights that nobody has tested are no proof")
    score = next(verdict.figure for verdict in verdicts if verdict.test == SCORE)
    print(f"{bundle}: {len(names)} files, {bundle.stat().st_size / 1e6:.1f} MB, predicted score {score:.2f}")
    if not yes:
        print("nothing was sent: pass --yes to upload it, which agrees to https://bioimage.io/#/toc")
        return
    print(f"{upload(bundle, print)}\nask for a review, and follow it, at https://bioimage.io under My Artifacts")
