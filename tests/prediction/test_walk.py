"""How far somebody has to read who follows one image from the command to the file that it writes."""

import sys
import tomllib
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import numpy as np
import pytest

import dfcan_bmz
from dfcan_bmz import cli, images

PACKAGE = Path(dfcan_bmz.__file__).parent
CONTRACTS = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
(LAYERS,) = (contract["layers"] for contract in CONTRACTS if contract["type"] == "layers")
# The ground is not counted: what a file or a number is, whoever uses it. It is 36 of the 47 files that run: reading and
# writing TIFF (images/, formats/), the transaction of an output (staging/), normalisation, the arithmetic of tiles,
# the domain of a model, events and the console, sizes and times as text, errors.
GROUND = next(level for level, layer in enumerate(LAYERS) if "dfcan_bmz.published" in layer)
# Whoever starts a work listens to it: reports go up to the listener, and nothing else does.
LISTENER = "dfcan_bmz.console"


def module_of(frame: FrameType | None) -> str | None:
    """Module of this package that a frame, or else the nearest one that called it, belongs to."""
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(PACKAGE):
            return ".".join(("dfcan_bmz", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
        frame = frame.f_back
    return None


def level(module: str) -> int:
    (found,) = (
        index
        for index, layer in enumerate(LAYERS)
        if any(module == room or module.startswith(f"{room}.") for room in layer.split(" | "))
    )
    return found


@contextmanager
def calls():
    """Pairs of modules, the caller's and the called one's, while a block runs."""
    found: set[tuple[str | None, str]] = set()

    def note(frame, event, _):
        if event == "call" and Path(frame.f_code.co_filename).is_relative_to(PACKAGE):
            found.add((module_of(frame.f_back), module_of(frame)))

    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)


@pytest.fixture(scope="module")
def walk(tiny_run, tmp_path_factory):
    """The calls of a prediction; its model is open already: to open one is another walk."""
    folder = tmp_path_factory.mktemp("walk")
    images.write(folder / "a.tif", np.random.default_rng(0).integers(0, 999, (30, 30)).astype(np.uint16))
    cli.predict(tiny_run, [folder / "a.tif"], folder / "first", engine="onnx")
    with calls() as found:
        cli.predict(tiny_run, [folder / "a.tif"], folder / "out", engine="onnx")
    assert (folder / "out/a.tif").is_file()
    return found


def test_an_image_passes_thirteen_files_on_its_way(walk):
    passed = {called for _, called in walk if level(called) < GROUND}
    # two call nothing: one names the command and its options, the other the function that the command calls
    read = passed | {"dfcan_bmz.cli", "dfcan_bmz.commands.predict"}
    assert {"dfcan_bmz.dispatch", "dfcan_bmz.prediction.stream", "dfcan_bmz.engines.onnx"} < read
    assert len(read) <= 13, sorted(read)


def test_no_call_goes_up(walk):
    within = [(caller, called) for caller, called in walk if caller and called != LISTENER]
    assert len(within) > 50
    assert [(caller, called) for caller, called in within if level(called) < level(caller)] == []
