"""The tests of a bundle's weights in processes of their own, one for each framework, as importing one takes longest."""

import json
import os
import subprocess
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dfcan_bmz import children
from dfcan_bmz.bundle.verdict import CORE, FAILED, Verdict
from dfcan_bmz.export import ON_PROCESSOR, last_words

# formats whose engines get on with each other
TOGETHER = (("keras_v3", "tensorflow_saved_model_bundle"), ("torchscript", "onnx"))
LONGEST_S = 1800


class Found(NamedTuple):
    """What the tests of one format found.

    Attributes
    ----------
    verdicts : list of Verdict
        In the order of the tests.
    outputs : dict of str to numpy.ndarray
        What the network makes of random images, by their size, for comparison between formats; empty where the bundle
        is by others, or the network failed.
    """

    verdicts: list[Verdict]
    outputs: dict[str, np.ndarray]


def shared(formats: list[str]) -> list[list[str]]:
    """The formats that one process tests, for each process."""
    groups = [[name for name in group if name in formats] for group in TOGETHER]
    return [group for group in groups if group]


def check_apart(bundle: Path, formats: list[str]) -> dict[str, Found]:
    """Test formats one after the other in an empty folder.

    Parameters
    ----------
    bundle : pathlib.Path
        A bundle that is safe to open.
    formats : list of str
        Weight formats that it has.

    Returns
    -------
    dict of str to Found
        For each format. Weights that end the process, or keep it too long, have failed; those that come after them are
        tested in a new one.
    """
    found: dict[str, Found] = {}
    left = list(formats)
    while left:
        with tempfile.TemporaryDirectory() as folder:
            reason = _run(bundle, left, Path(folder))
            for name in list(left):
                if (Path(folder) / f"{name}.json").is_file():
                    found[name] = _read(Path(folder), name)
                    left.remove(name)
        if left:
            name = left.pop(0)
            found[name] = Found([Verdict(name, CORE, "load", FAILED, message=reason)], {})
    return found


def _run(bundle: Path, formats: list[str], folder: Path) -> str:
    """Run the process; why it did not come to its end, if it did not."""
    longest = LONGEST_S * len(formats)
    module, environment = "dfcan_bmz.bundle.check_format", os.environ | ON_PROCESSOR
    try:
        answer = children.run(module, bundle.resolve(), *formats, cwd=folder, timeout=longest, env=environment)
    except subprocess.TimeoutExpired:
        return f"no answer after {longest // 60} minutes"
    return last_words(answer)


def hand_over(folder: Path, name: str, found: Found) -> None:
    """Write what was found of a format where `check_apart` reads it."""
    np.savez(folder / f"{name}.npz", **found.outputs)  # type: ignore[arg-type]
    # last: a format that has its verdicts is through
    (folder / f"{name}.json").write_text(json.dumps([asdict(verdict) for verdict in found.verdicts]), encoding="utf-8")


def _read(folder: Path, name: str) -> Found:
    verdicts = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    with np.load(folder / f"{name}.npz") as outputs:
        return Found([Verdict(**verdict) for verdict in verdicts], dict(outputs))
