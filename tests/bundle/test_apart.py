"""Formats that share a process do not share its end."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from dfcan_bmz import children
from dfcan_bmz.bundle.apart import Found, check_apart, hand_over, shared
from dfcan_bmz.bundle.verdict import CORE, FAILED, PASSED, Verdict

KILLED = subprocess.CompletedProcess([], -11, "", "")


def ending_at(broken, end, started):
    """Stand-in for `children.run`, whose process ends at a format."""

    def run(module, bundle, *formats, cwd, **_):
        started.append(formats)
        for name in formats:
            if name == broken:
                return end()
            hand_over(cwd, name, Found([Verdict(name, CORE, "test tensor", PASSED, 1e-6)], {"1 x 64": np.ones(3)}))
        return subprocess.CompletedProcess([], 0, "", "")

    return run


def too_long():
    raise subprocess.TimeoutExpired("", 1)


def test_frameworks_have_a_process_each():
    assert shared(["onnx", "keras_v3", "torchscript"]) == [["keras_v3"], ["torchscript", "onnx"]]
    assert shared([]) == []


@pytest.mark.parametrize(("end", "told"), [(lambda: KILLED, "ended with -11"), (too_long, "no answer after")])
def test_weights_that_end_the_process_have_failed_and_the_others_are_tested_in_a_new_one(monkeypatch, end, told):
    formats, started = ["torchscript", "onnx"], []
    monkeypatch.setattr(children, "run", ending_at("torchscript", end, started))
    found = check_apart(Path("bundle.zip"), formats)
    assert started == [("torchscript", "onnx"), ("onnx",)]
    [failed], [passed] = found["torchscript"].verdicts, found["onnx"].verdicts
    assert (failed.verdict, passed) == (FAILED, Verdict("onnx", CORE, "test tensor", PASSED, 1e-6))
    assert told in failed.message
    assert found["torchscript"].outputs == {}
    np.testing.assert_array_equal(found["onnx"].outputs["1 x 64"], np.ones(3))
    assert formats == ["torchscript", "onnx"]


def test_what_was_tested_before_the_end_stays(monkeypatch):
    monkeypatch.setattr(children, "run", ending_at("onnx", lambda: KILLED, []))
    found = check_apart(Path("bundle.zip"), ["torchscript", "onnx"])
    assert [one.verdicts[0].verdict for one in found.values()] == [PASSED, FAILED]
