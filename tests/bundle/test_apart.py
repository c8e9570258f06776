"""Formats that share a process do not share its end."""

import json
import subprocess
from pathlib import Path

import pytest

from dfcan_bmz import children
from dfcan_bmz.bundle.apart import check_apart, shared
from dfcan_bmz.bundle.check_format import CORE, FAILED, PASSED, verdicts_file

KILLED = subprocess.CompletedProcess([], -11, "", "")


def ending_at(broken, end, started):
    """Stand-in for `children.run`, whose process ends at a format."""

    def run(module, bundle, *formats, cwd, **_):
        started.append(formats)
        for name in formats:
            if name == broken:
                return end()
            (cwd / verdicts_file(name)).write_text(json.dumps([[name, CORE, "test tensor", PASSED, None, ""]]))
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
    assert {name: rows[0][3] for name, (rows, _) in found.items()} == {"torchscript": FAILED, "onnx": PASSED}
    assert told in found["torchscript"][0][0][5]
    assert formats == ["torchscript", "onnx"]


def test_what_was_tested_before_the_end_stays(monkeypatch):
    monkeypatch.setattr(children, "run", ending_at("onnx", lambda: KILLED, []))
    found = check_apart(Path("bundle.zip"), ["torchscript", "onnx"])
    assert [rows[0][3] for rows, _ in found.values()] == [PASSED, FAILED]
