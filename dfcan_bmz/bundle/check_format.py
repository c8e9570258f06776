"""Test one weight format of a bundle; run by `check` as a process of its own, in an empty folder."""

import importlib
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from bioimageio.core import test_description
from bioimageio.spec.model.v0_5 import ModelDescr

from dfcan_bmz.bundle.read import open_description, processing, weights_file
from dfcan_bmz.normalize import scaling_of


def core_verdicts(description: ModelDescr, name: str) -> list[tuple]:
    """What bioimageio.core says: it reproduces the test tensor and runs other valid sizes and batches."""
    summary = test_description(description, weight_format=name, expected_type="model")
    verdicts = []
    for detail in summary.details:
        failed = detail.status == "failed"
        if not failed and name not in detail.name:
            continue  # of the description, which has a verdict of its own
        test = detail.name.replace(f" ({name})", "").replace(f"{name} ", "")
        message = "; ".join(error.msg.splitlines()[0] for error in detail.errors) if failed else ""
        verdicts.append((name, "bioimageio.core", test, "failed" if failed else "passed", None, message))
    return verdicts or [(name, "bioimageio.core", "load", "failed", None, "bioimageio.core has tested nothing")]


def own_verdict(description: ModelDescr, name: str) -> tuple:
    """Largest difference between our engine's output and the test tensor."""
    tolerance = description.config.bioimageio.reproducibility_tolerance[0].absolute_tolerance
    with tempfile.TemporaryDirectory() as folder:
        file = weights_file(description, name, Path(folder))
        network = importlib.import_module(f"dfcan_bmz.engines.{name}").load(file)
        (test_input,), (test_output,) = description.get_input_test_arrays(), description.get_output_test_arrays()
        unit = np.stack([scaling_of(plane).apply(plane) for plane in test_input])
        difference = float(np.abs(np.clip(network(unit), 0, 1) - test_output).max())
    if difference <= tolerance:
        return (name, "dfcan_bmz", "test tensor", "passed", difference, "")
    return (name, "dfcan_bmz", "test tensor", "failed", difference, f"differs by {difference:.2g}, over {tolerance:g}")


def main(bundle: Path, name: str, report: Path) -> None:
    """Write the verdicts as JSON."""
    description = open_description(bundle)
    verdicts = core_verdicts(description, name)
    if processing(description) is not None:
        verdicts.append(own_verdict(description, name))
    report.write_text(json.dumps(verdicts), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
