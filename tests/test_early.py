import json
import subprocess
import sys

import pytest
from conftest import REPOSITORY

EXAMPLES = REPOSITORY / "example_data/train"
PAIRS = ("--lr", EXAMPLES / "lr", "--hr", EXAMPLES / "hr")
RUN = REPOSITORY / "rdf/em-x2"
MISTAKES = {
    "no such folder": (("train", "--lr", "nowhere", "--hr", "nowhere", "--out", "new"), "nowhere is not a folder"),
    "misspelt key": (("train", *PAIRS, "--out", "new", "--set", "train.epoch=3"), "did you mean train.epochs?"),
    "no section": (("train", *PAIRS, "--out", "new", "--set", "epochs=3"), "did you mean train.epochs?"),
    "misspelt network": (("train", *PAIRS, "--out", "new", "--set", "model.name=ECAN"), "did you mean rcan?"),
    "other scale": (("train", *PAIRS, "--out", "new", "--set", "model.scale=3"), "--set model.scale=2"),
    "swapped": (("train", "--lr", PAIRS[3], "--hr", PAIRS[1], "--out", "new"), "swap --lr and --hr"),
    "swapped test": (("evaluate", RUN, "--lr", PAIRS[3], "--hr", PAIRS[1], "--out", "new"), "swap --lr and --hr"),
    "no first weights": (("train", *PAIRS, "--out", "new", "--set", "train.init=nowhere"), "nowhere does not exist"),
    "output stands": (("train", *PAIRS, "--out", EXAMPLES), "pass --overwrite"),
    "misspelt model": (("predict", "em-x3", EXAMPLES / "lr", "--out", "new"), "did you mean em-x2?"),
    "no first weights of that name": (("train", *PAIRS, "--out", "new", "--set", "train.init=em-x3"), "mean em-x2?"),
    "no bundle of that name": (("install-fiji", "em-x3"), "did you mean em-x2?"),
    "no model": (("predict", "nowhere.zip", EXAMPLES / "lr", "--out", "new"), "nowhere.zip does not exist"),
    "no image": (("predict", RUN, "nowhere.tif", "--out", "new"), "nowhere.tif does not exist"),
    "no match": (("trust", RUN, "nowhere*.tif", "--out", "new"), "nothing matches nowhere*.tif"),
    "no pairs": (
        ("compare", RUN, RUN, "--lr", "nowhere", "--hr", "nowhere", "--out", "new"),
        "nowhere is not a folder",
    ),
    "no recipe": (("package", RUN, "--recipe", "nowhere.yaml", "--out", "new.zip"), "nowhere.yaml does not exist"),
    "no bundle": (("check", "nowhere.zip"), "nowhere.zip does not exist"),
    "no bundle to send": (("upload", EXAMPLES), "train is a folder"),
    "no run": (("record", EXAMPLES, "--out", "new.html"), "is not a run folder"),
    "no sweep": (("sweep", "nowhere.yaml", *PAIRS, "--out", "new"), "nowhere.yaml does not exist"),
    "no high resolution": (("degrade", "nowhere", "new"), "nowhere is not a folder"),
    "demo stands": (("demo", "--out", EXAMPLES), "pass --overwrite"),
    "no weights for the demo": (("demo", "--out", "new", "--model", "em-x3"), "did you mean em-x2?"),
    "a set, not its folders": (("train", "--lr", EXAMPLES, "--hr", EXAMPLES, "--out", "new"), f"{EXAMPLES / 'hr'} or "),
    "a folder of a set": (("align", EXAMPLES / "lr", "--out", "new"), "lr has no folders lr/ and hr/ in it"),
    "weights alone": (("predict", RUN / "model.keras", EXAMPLES / "lr", "--out", "new"), "give their run folder"),
    "a run folder to check": (("check", RUN), "which `dfcan-bmz package` makes of a run folder"),
    "no companion": (
        ("ilastik", "prepare", "nowhere.zip", EXAMPLES / "lr", "--out", "new"),
        "nowhere.zip does not exist",
    ),
    "no export": (("ilastik", "restore", "nowhere", "--out", "new"), "nowhere does not exist"),
}
SCRIPT = """
import contextlib, io, json, sys
from dfcan_bmz.cli import main
answers = []
for arguments in json.loads(sys.argv[1]):
    sys.argv[1:] = arguments
    told = io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stderr(told):
        try:
            main()
        except SystemExit as end:
            told.seek(0)
            heavy = {"keras", "tensorflow", "torch", "bioimageio"} & set(sys.modules)
            answers.append((end.code, told.read(), sorted(heavy)))
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What each mistake is told, by its name; all in one process, which has nothing heavy in it."""
    mistakes = json.dumps([list(map(str, arguments)) for arguments, _ in MISTAKES.values()])
    folder = tmp_path_factory.mktemp("early")
    done = subprocess.run([sys.executable, "-c", SCRIPT, mistakes], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not list(folder.iterdir()), "a start that is impossible writes nothing"
    return dict(zip(MISTAKES, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_before_a_framework_is_imported(answers, mistake):
    code, told, heavy = answers[mistake]
    assert code == 2
    assert MISTAKES[mistake][1] in told
    assert len(told.splitlines()) == 1
    assert not heavy
