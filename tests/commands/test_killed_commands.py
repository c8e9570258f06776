"""Every command that writes, killed before each of its file operations: repeated, it ends well and leaves nothing over.

What a command computes is replaced where it takes long; what it writes, and how, is its own.
"""

import shutil
import zipfile
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import REPOSITORY
from kills import killed_at
from mrc_files import mrc_bytes
from prediction.enlarging import load

from dfcan_bmz import images, run_folder
from dfcan_bmz.bundle import package as packaging
from dfcan_bmz.bundle.jdll_engines import Choice
from dfcan_bmz.bundle.verdict import PASSED, Verdict
from dfcan_bmz.commands import (
    align,
    check,
    compare,
    degrade,
    demo,
    evaluate,
    import_biosr,
    inspect,
    package,
    predict,
    recipe_new,
    record,
    simulate,
    sweep,
    trust,
)
from dfcan_bmz.fiji import install
from dfcan_bmz.fiji.macros import macros
from dfcan_bmz.fiji.places import open_fiji
from dfcan_bmz.fiji.weights import ForFiji
from dfcan_bmz.report import files as reports
from dfcan_bmz.training import sweep_runs, sweep_table
from dfcan_bmz.training.place import run_place
from dfcan_bmz.training.settings import resolve

RUN = REPOSITORY / "rdf/em-x2"
VERDICT = Verdict("onnx", "an engine", "load", PASSED, None, "")


def write_image(path: Path, side: int, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).gamma(2, 300, (side, side)).astype(np.uint16)
    images.write(path, pixels, calibration=images.Calibration.square(60.0))


def write_pair(folder: Path) -> None:
    write_image(folder / "in/lr/a.tif", 20)
    write_image(folder / "in/hr/a.tif", 40)


def write_biosr(folder: Path) -> None:
    for name, frames, side in (("RawSIMData_level_01", 9, 12), ("SIM_gt", 1, 24)):
        path = folder / f"in/CCPs/Cell_001/{name}.mrc"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(mrc_bytes(np.random.default_rng(0).integers(100, 4000, (frames, side, side)).astype("uint16")))


def write_bundle(folder: Path) -> None:
    for name in ("jars/ij-1.54p.jar", "plugins/deepimagej-3.1.1.jar"):
        (folder / "Fiji.app" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "Fiji.app" / name).touch()
    with zipfile.ZipFile(folder / "bundle.zip", "w") as archive:
        archive.writestr("rdf.yaml", "name: a model")
        archive.writestr("weights.onnx", "weights")


def installed(folder: Path) -> None:
    write_bundle(folder)
    install.install(folder / "bundle.zip", open_fiji(folder / "Fiji.app"), overwrite=False)


def uninstall(folder: Path) -> None:
    install.uninstall("tiny-tester", open_fiji(folder / "Fiji.app"))


def write_sweep(folder: Path) -> None:
    for name in ("a", "b"):
        write_image(folder / f"in/lr/{name}.tif", 20)
        write_image(folder / f"in/hr/{name}.tif", 40)
    (folder / "sweep.yaml").write_text("grid: {train.learning_rate: [0.001]}\n")


def run_sweep(folder: Path) -> None:
    lr, hr = folder / "in/lr", folder / "in/hr"
    sweep.run(folder / "sweep.yaml", lr, hr, folder / "out", None, None, None, ["train.epochs=1"])


def nothing(folder: Path) -> None:
    """Prepare nothing."""


ANSWERS = {"structure": "actin", "modality": "other", "author": "A", "training_data": "None."}
COMMANDS = {
    "simulate": (nothing, lambda f: simulate.run(f / "out", "actin", 1, 1, size=16)),
    "degrade": (write_pair, lambda f: degrade.run(f / "in/hr", f / "out", 2, "em")),
    "align": (write_pair, lambda f: align.run(f / "in", f / "out", False, False)),
    "import-biosr": (write_biosr, lambda f: import_biosr.run(f / "in", f / "out", [], [])),
    "inspect": (write_pair, lambda f: inspect.run([f / "in/lr"], f / "out", False)),
    "recipe new": (nothing, lambda f: recipe_new.run(f / "recipe.yaml", None, ANSWERS, False)),
    "record": (nothing, lambda f: record.run(RUN, None, f / "record.html", False)),
    "check": (write_bundle, lambda f: check.run(f / "bundle.zip", False, f / "check.html", False, False)),
    "package": (nothing, lambda f: package.run(RUN, REPOSITORY / "packaging/em-x2.yaml", f / "new.zip", False)),
    "package, a folder": (nothing, lambda f: package.run(RUN, REPOSITORY / "packaging/em-x2.yaml", f / "new", False)),
    "evaluate": (nothing, lambda f: evaluate.run(RUN, f, f, f / "out")),
    "compare": (nothing, lambda f: compare.run([RUN, RUN], f, f, f / "out")),
    "trust": (write_pair, lambda f: trust.run(RUN, [f / "in/lr"], f / "out", False)),
    "predict": (write_pair, lambda f: predict.run(RUN, [f / "in/lr"], f / "out")),
    "predict --resume": (
        write_pair,
        lambda f: predict.run(RUN, [f / "in/lr"], f / "out", file_format="zarr", resume=True),
    ),
    "sweep": (write_sweep, run_sweep),
    "demo": (nothing, lambda f: demo.run(f / "out", None, False)),
    "install-fiji": (
        write_bundle,
        lambda f: install.install(f / "bundle.zip", open_fiji(f / "Fiji.app"), overwrite=False),
    ),
    "install-fiji --remove": (installed, uninstall),
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Stand-ins for what networks and engines compute."""

    def bundle(run, recipe, recipe_folder, out, say):
        shutil.copyfile(run / "rdf.yaml", out.parent / "scratch")
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("rdf.yaml", "covers: []")
            archive.writestr("README.md", "")
        (out.parent / "scratch").unlink()
        return [VERDICT]

    monkeypatch.setattr(packaging, "write_bundle", bundle)
    monkeypatch.setattr(check, "check", lambda *_: [VERDICT])
    measured = SimpleNamespace(scores=())
    nobody = SimpleNamespace(measured=measured, summary=(), fields=1, models=[], protocol="raw")
    monkeypatch.setattr(reports, "measure_models", lambda *_: nobody)
    monkeypatch.setattr(reports, "write_tables", lambda folder, _: (folder / "metrics.csv").write_text("image"))
    monkeypatch.setattr(reports, "write_report", lambda path, *_: path.write_text("report"))
    monkeypatch.setattr(evaluate, "show", lambda *_: None)
    monkeypatch.setattr(compare, "show", lambda *_: None)

    def training(lr, hr, config, out, *, resume, overwrite, events):
        with run_place(out, resume, overwrite) as place:
            place.note(resolve({}, config, []))
            run_folder.write_provenance(place.run, {"parameters": 1})
            run_folder.write_history(place.run, [dict.fromkeys(run_folder.HISTORY_COLUMNS, 1)])
            place.settle()

    monkeypatch.setattr(sweep_runs, "train", training)
    figure = SimpleNamespace(savefig=lambda path, **_: path.write_text("a picture"))
    monkeypatch.setattr(reports, "plot_scores", lambda *_: figure)
    monkeypatch.setattr(reports, "_draw_worst", lambda folder, _: figure.savefig(folder / "worst.png"))
    monkeypatch.setattr("dfcan_bmz.report.uncertainty.plot_trust", lambda *_: figure)
    monkeypatch.setattr("dfcan_bmz.report.uncertainty.open_model", lambda *_, **__: load())
    monkeypatch.setattr(sweep_table, "plot_sweep", lambda *_: figure)
    monkeypatch.setattr("dfcan_bmz.report.contact_sheet.plot_contact_sheet", lambda _: figure)
    monkeypatch.setattr("dfcan_bmz.prediction.files.load_of", lambda *_: None)
    monkeypatch.setattr("dfcan_bmz.prediction.files.loaded", lambda _: load())
    texts = macros("tiny-tester", "A model", 2, 32, images.SINGLE)
    told = "tiny-tester", texts, ForFiji({}, Choice("torchscript", "2.0.0"), [])
    monkeypatch.setattr(install, "_read", lambda _: told)
    monkeypatch.setattr(demo, "_run", lambda out, _: (out / "report.html").write_text("report"))


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_killed_command_is_simply_repeated(tmp_path, name):
    prepare, run = COMMANDS[name]
    clean = tmp_path / "clean"
    prepare(clean)
    before = content(clean)
    run(clean)
    expected = content(clean)
    assert expected.keys() != before.keys()
    # a sweep has the steps of a training and of a folder that is filled, which other tests kill one by one
    for operation in count(step=7 if name == "sweep" else 1):
        folder = tmp_path / str(operation)
        folder.mkdir()
        prepare(folder)
        if not killed_at(operation, folder, lambda folder=folder: run(folder)):
            assert operation > 10
            return
        run(folder)
        assert content(folder).keys() == expected.keys(), f"after a kill before operation {operation}"
