"""``dfcan-bmz demo``: the whole way, from simulated pairs to a bundle that somebody else's program runs."""

from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from rich.console import Console

from dfcan_bmz import early, staging
from dfcan_bmz.bundle.elsewhere import run_elsewhere
from dfcan_bmz.commands import evaluate, package, simulate, train
from dfcan_bmz.training.settings import with_weights_of

ACTIN: dict[str, Any] = {"structure": "actin", "size": 128, "scale": 2, "levels": 2}
# example_data/ holds exactly these two sets
SETS = {"train": ACTIN | {"pairs": 10, "seed": 0}, "test": ACTIN | {"pairs": 2, "seed": 1}}
FURTHER = ["train.learning_rate=5e-4", "train.epochs=6"]  # from published weights: their network is larger than ours


def run(out: Path, model: str | None, overwrite: bool) -> None:
    early.demo(out, model, overwrite)
    with staging.working(out / "demo", "demo", overwrite=True):  # nothing is written there, but it holds the folder
        _run(out, [] if model is None else [*with_weights_of(Path(model)), *FURTHER])


def _run(out: Path, settings: list[str]) -> None:
    show, data, bundle = Console(highlight=False).rule, out / "data", out / "dfcan-demo-actin-x2.zip"
    show("1 of 5: simulate pairs of widefield images and targets of twice the bandwidth")
    for name, own in SETS.items():
        simulate.run(data / name, **own, overwrite=True)
    with as_file(files("dfcan_bmz.commands") / "demo_files") as ours:
        show("2 of 5: train a small DFCAN")
        pairs = data / "train/lr", data / "train/hr"
        train.run(*pairs, out / "run", ours / "config.yaml", settings, resume=False, overwrite=True)
        show("3 of 5: package it for the BioImage Model Zoo")
        package.run(out / "run", ours / "recipe.yaml", bundle, overwrite=True)
    show("4 of 5: run the bundle with bioimageio.core, on a field that the training has not seen")
    theirs, mine = (out / program / "fov000_level01.tif" for program in ("bioimageio", "dfcan_bmz"))
    difference = run_elsewhere(bundle, data / "test/lr" / mine.name, theirs, mine)
    print(f"bioimageio test: passed; predict: {theirs}, within {difference:.1e} of `dfcan-bmz predict`")
    show("5 of 5: measure it on the held-out fields")
    evaluate.run(out / "run", data / "test/lr", data / "test/hr", out, overwrite=True)
    print(f"open {out}/report.html to see the images, and {bundle} in Fiji or Python")
