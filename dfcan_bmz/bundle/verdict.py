"""What a test of a bundle finds, from the process that runs it to the table that is printed."""

from dataclasses import dataclass

PASSED, FAILED, NOT_RUN = "passed", "failed", "not run"
CORE, SPEC, OWN, FIJI = "bioimageio.core", "bioimageio.spec", "dfcan_bmz", "deepImageJ, emulated"
# tests that more than one file knows
WHOLE, SECONDS, IN_FIJI = "whole, against blocks", "seconds", "weights in Fiji"


@dataclass(frozen=True)
class Verdict:
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
    figure: float | None = None
    message: str = ""


def passed_unless(objection: str, format: str, engine: str, test: str, figure: float | None = None) -> Verdict:
    """Verdict of a test that has failed where there is something to object to."""
    return Verdict(format, engine, test, FAILED if objection else PASSED, figure, objection)
