"""``dfcan-bmz demo``: the whole way, from simulated pairs to a bundle that somebody else's program runs."""

import tempfile
from importlib.resources import as_file
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from rich.console import Console

from dfcan_bmz import children, run_folder, staging
from dfcan_bmz.bundle_file.named import find_model
from dfcan_bmz.commands import evaluate, package, predict, simulate, train
from dfcan_bmz.early import check_demo
from dfcan_bmz.errors import UnfinishedError
from dfcan_bmz.export import last_words
from dfcan_bmz.prediction.stream import Output

# example_data/ holds exactly these two sets
SETS: dict[str, dict[str, Any]] = {"train": {"pairs": 10, "seed": 0}, "test": {"pairs": 2, "seed": 1}}
COMMON: dict[str, Any] = {"structure": "actin", "size": 128, "scale": 2, "levels": 2, "haze": 0.0}
EPOCHS = 6  # of a training from published weights, whose network is larger than the demo's own
HELD_OUT = "fov000_level01"


def run(out: Path, model: str | None, overwrite: bool) -> None:
    check_demo(out, overwrite)
    with staging.working(
        out / "demo", "demo", overwrite=True
    ):  # it writes nothing of this name, but it holds the folder
        _run(out, model)


def _run(out: Path, model: str | None) -> None:
    start = [] if model is None else _starting_from(model)
    console = Console(highlight=False)
    data, bundle = out / "data", out / "dfcan-demo-actin-x2.zip"
    console.rule("1 of 5: simulate pairs of widefield images and targets of twice the bandwidth")
    for name, settings in SETS.items():
        simulate.run(data / name, **COMMON, **settings, overwrite=True)
    with as_file(package_files("dfcan_bmz.commands") / "demo_files") as ours:
        console.rule("2 of 5: train a small DFCAN")
        lr, hr = data / "train/lr", data / "train/hr"
        train.run(lr, hr, out / "run", ours / "config.yaml", start, resume=False, overwrite=True)
        console.rule("3 of 5: package it for the BioImage Model Zoo")
        package.run(out / "run", ours / "recipe.yaml", bundle, overwrite=True)
    console.rule("4 of 5: run the bundle with bioimageio.core, on a field that the training has not seen")
    _run_elsewhere(bundle, data / f"test/lr/{HELD_OUT}.tif", out)
    console.rule("5 of 5: measure it on the held-out fields")
    evaluate.run(out / "run", data / "test/lr", data / "test/hr", out, overwrite=True)
    print(f"open {out}/report.html to see the images, and {bundle} in Fiji or Python")


def _starting_from(model: str) -> list[str]:
    """Settings of a training that begins with the weights, and therefore with the network, of a run folder."""
    run = find_model(Path(model))
    network = run_folder.read_config(run).model
    sizes = [f"model.{key}={value}" for key, value in {"name": network.name, **network.sizes()}.items()]
    return [f"train.init={run}", *sizes, "train.learning_rate=5e-4", f"train.epochs={EPOCHS}"]


def _run_elsewhere(bundle: Path, image: Path, out: Path) -> None:
    theirs, ours = out / "bioimageio" / image.name, out / "dfcan_bmz" / image.name
    _bioimageio("test", bundle.resolve())
    print("bioimageio test: passed")
    theirs.parent.mkdir(exist_ok=True)
    files = ("--inputs", image.resolve(), "--outputs", theirs.resolve())
    _bioimageio("predict", bundle.resolve(), "--overwrite", "--blockwise", 1, *files)
    predict.run(bundle, [image], ours.parent, Output(), overwrite=True)
    difference = np.abs(np.squeeze(tifffile.imread(theirs)) - tifffile.imread(ours))
    print(f"bioimageio predict: {theirs}; largest difference from `dfcan-bmz predict`: {difference.max():.1e}")


def _bioimageio(*arguments: object) -> None:
    # bioimageio.core unpacks weights into the working directory
    with tempfile.TemporaryDirectory() as folder:
        answer = children.run("bioimageio.core", *arguments, cwd=Path(folder))
    if answer.returncode:
        raise UnfinishedError(f"`bioimageio {arguments[0]}` failed: {last_words(answer)}")
