"""What deepImageJ gets of a bundle: its TorchScript weights alone, the one format that it runs right.

One engine is downloaded instead of three, and no other weights can come first.
"""

from typing import Any, NamedTuple

from dfcan_bmz.bundle.jdll_engines import DEEPIMAGEJ, DEEPIMAGEJ_JDLL, OUTCOMES, Choice, choose_engine, outcome
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.fiji.places import Fiji

KEPT = "torchscript"
UNPACKED = ("saved_model.pb",)  # what earlier versions put beside the zip of a SavedModel


class ForFiji(NamedTuple):
    """A description with one weight format, the engine that runs it, and the files of the other formats."""

    content: dict[str, Any]
    engine: Choice
    left_out: list[str]


def torchscript_alone(content: dict[str, Any], where: object) -> ForFiji:
    """Reduce a description to its TorchScript weights.

    Parameters
    ----------
    content : dict
        ``rdf.yaml``.
    where : object
        What messages call the bundle.

    Returns
    -------
    ForFiji

    Raises
    ------
    DfcanError
        If it has no such weights, or deepImageJ no engine for their version.
    """
    weights = content["weights"]
    kept = {key: value for key, value in (weights.get(KEPT) or {}).items() if key != "parent"}
    engine = choose_engine({KEPT: kept})
    if engine is None:
        formats = ", ".join(name for name, entry in weights.items() if entry)
        raise DfcanError(
            f"{where} has no {KEPT} weights that run in deepImageJ {DEEPIMAGEJ} (it has {formats}), which shows "
            f"black images or crashes with others: package it again with {KEPT} among the recipe's formats"
        )
    others = [entry["source"] for name, entry in weights.items() if entry and name != KEPT]
    return ForFiji(content | {"weights": {KEPT: kept}}, engine, [name for name in others if name != kept["source"]])


def expectation(engine: Choice, fiji: Fiji) -> str:
    """What the deepImageJ of a Fiji will do, as far as somebody has tried it."""
    jdll = fiji.jdll or DEEPIMAGEJ_JDLL
    if result := outcome(engine, jdll):
        return f"deepImageJ {fiji.deepimagej or DEEPIMAGEJ} with JDLL {jdll} runs {engine}: {result}"
    return f"JDLL {jdll} is unknown here ({', '.join(OUTCOMES)} were tried): compare a result with `dfcan-bmz predict`"
