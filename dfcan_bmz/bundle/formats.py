"""Which weight formats a bundle gets, under which versions, such that what Fiji runs of them is right."""

import importlib.metadata
import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

from dfcan_bmz.bundle.jdll_engines import (
    DEEPIMAGEJ,
    DEEPIMAGEJ_JDLL,
    RIGHT,
    Choice,
    choose_engine,
    choose_opset,
    outcome,
)
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.export import OPSETS
from dfcan_bmz.extras import missing_extra


def plan_formats(wanted: Sequence[str], say: Callable[[str], None]) -> dict[str, dict[str, Any]]:
    """Choose among the formats of a recipe those that can be tested here and do not harm in Fiji.

    Parameters
    ----------
    wanted : sequence of str
        Weight formats.
    say : callable
        Told what is left out and why, and what deepImageJ will do, a line at a time.

    Returns
    -------
    dict of str to dict
        For each format what the description says of its versions.

    Raises
    ------
    DfcanError
        If TorchScript is wanted, which Fiji and ilastik run, and torch is missing, without which it is not tested.
    """
    missing = {name: extra for name in wanted if (extra := missing_extra(name))}
    if extra := missing.get("torchscript"):
        raise DfcanError(
            "torchscript, which Fiji and ilastik run, can be written here but not tested, and nothing is packaged "
            f"untested: pip install 'dfcan-bmz[{extra}]', or leave it out of the recipe's formats"
        )
    for name, extra in missing.items():
        say(f"left out: {name}, because a package is missing: pip install 'dfcan-bmz[{extra}]'")
    weights = {name: _versions(name) for name in wanted if name != "onnx" and name not in missing}
    if "onnx" in wanted and "onnx" not in missing:
        opset = choose_opset(weights)
        if opset is None:
            say(
                f"left out: onnx, which deepImageJ {DEEPIMAGEJ} would run before {choose_engine(weights)} under every "
                f"opset from {OPSETS[0]} to {OPSETS[-1]}, and Fiji would crash: package with another torch"
            )
        else:
            weights["onnx"] = {"opset_version": opset}
    if complaint := fiji_complaint(weights):
        say(complaint)
    return weights


def fiji_complaint(weights: dict[str, Any]) -> str | None:
    """What goes wrong in deepImageJ with the ``weights`` of a description, and the way out; None if nothing."""
    choice = choose_engine(weights)
    result = choice and outcome(choice, DEEPIMAGEJ_JDLL)
    if choice is None or result in (RIGHT, None):
        return None
    way_out = (
        "install it with `dfcan-bmz install-fiji`, which leaves all but torchscript out"
        if "torchscript" in weights
        else "add torchscript to the recipe's formats"
    )
    return f"deepImageJ {DEEPIMAGEJ} runs {choice}: {result}; leave {choice.weight_format} out, or {way_out}"


def fiji_praise(choice: Choice) -> str:
    """What deepImageJ makes of weights that are right, or that nobody has tried."""
    result = outcome(choice, DEEPIMAGEJ_JDLL) or "unknown, nobody has tried it"
    return f"deepImageJ {DEEPIMAGEJ} runs {choice}: {result}"


def _versions(name: str) -> dict[str, Any]:
    installed = importlib.metadata.version
    match name:
        case "keras_v3":
            # where it is installed, whichever trained: networks run on all, and most users of bundles have this one
            backend = "tensorflow" if find_spec("tensorflow") else os.environ["KERAS_BACKEND"]
            return {"keras_version": installed("keras"), "backend": (backend, _release(backend))}
        case "tensorflow_saved_model_bundle":
            return {"tensorflow_version": installed("tensorflow")}
        case _:
            return {"pytorch_version": _release("torch")}


def _release(package: str) -> str:
    """Version of an installed package; its local part, as in 2.13.0+cpu, names a build and not a release."""
    return importlib.metadata.version(package).split("+")[0]
