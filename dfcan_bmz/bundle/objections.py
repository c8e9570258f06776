"""What the zoo objects to in a description, before anything is tested or sent."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dfcan_bmz.bundle.verdict import FAILED, PASSED, SPEC, Verdict, passed_unless
from dfcan_bmz.bundle_file.own import is_own
from dfcan_bmz.bundle_file.read import Bundle, read_bundle, refuse_invalid
from dfcan_bmz.errors import DfcanError

if TYPE_CHECKING:  # slow to import
    from dfcan_bmz.bundle_file.validation import ModelDescription

ZOO = "zoo"
ALERTS = "alerts"
ALERT = 35  # of the spec's severities: a warning is 30, an error 50
CURES = {
    "maintainers": "name maintainers with their github_user in the recipe",
    "tags": "give a tag of each category in the recipe",
    "documentation": "write a README with a heading Validation",
}


def open_fit(path: Path) -> Bundle:
    """Open a bundle as `open_bundle` does; DfcanError, too, if the zoo would not take it."""
    bundle = read_bundle(path)
    if objections := not_uploadable(bundle.content):
        raise DfcanError(f"{path} cannot be uploaded: {'; '.join(objections)}")
    refuse_invalid(bundle)
    return bundle


def not_uploadable(content: dict[str, Any]) -> list[str]:
    """Why the zoo would not take a bundle as a new model; empty where it would."""
    objections = []
    if "id" in content:
        objections.append(f"it has an id ({content['id']}), but the zoo assigns one to a new model: remove it")
    if not content["format_version"].startswith("0.5"):
        objections.append(f"it has format {content['format_version']}, but the zoo stores 0.5: package it again")
    return objections


def alerts(bundle: Bundle) -> Verdict:
    """What of a description the zoo wants to be seen to.

    In one of the form that is written here, the people on GitHub alone may be missing; the spec judges any other.
    """
    if is_own(bundle.content):
        missing = (
            ""
            if _on_github(bundle.content)
            else _said("authors", "no maintainers are named, and no author has a github_user")
        )
        return passed_unless(missing, ZOO, SPEC, ALERTS)
    from dfcan_bmz.bundle_file.validation import validated

    return next(complaints(bundle, validated(bundle)))


def complaints(bundle: Bundle, description: "ModelDescription") -> Iterator[Verdict]:
    """Alerts, which the zoo wants to be seen to, and warnings, which it tolerates."""
    warnings = [entry for detail in description.validation_summary.details for entry in detail.warnings]
    if _on_github(bundle.content):
        # without a network the spec cannot look the users up, and is given none
        warnings = [entry for entry in warnings if "maintainers" not in entry.msg]
    for name, found, verdict in (
        (ALERTS, [entry for entry in warnings if entry.severity >= ALERT], FAILED),
        ("warnings", [entry for entry in warnings if entry.severity < ALERT], PASSED),
    ):
        message = "; ".join(_said(".".join(map(str, entry.loc)), entry.msg) for entry in found)
        yield Verdict(ZOO, SPEC, name, verdict if found else PASSED, float(len(found)), message)


def _on_github(content: dict[str, Any]) -> bool:
    people = [*(content.get("maintainers") or []), *(content.get("authors") or [])]
    return any(person.get("github_user") for person in people if isinstance(person, dict))


def _said(where: str, message: str) -> str:
    text = f"{where}: {message}" if where else message
    cure = next((cure for word, cure in CURES.items() if word in text.lower()), "")
    return f"{text.splitlines()[0]}{f' ({cure})' if cure else ''}"
