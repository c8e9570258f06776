"""A run folder as a repository keeps it: what packaging needs, beside the texts and the cover of its bundle."""

import shutil
import zipfile
from pathlib import Path

import yaml

from dfcan_bmz import images, run_folder
from dfcan_bmz.bundle.describe import README
from dfcan_bmz.bundle.evaluations import WORST
from dfcan_bmz.data.patches import richest_crop
from dfcan_bmz.data.planes import Plane
from dfcan_bmz.run_folder import EVALUATION

KEPT = ("config.yaml", "model.keras", "history.csv", "provenance.json")
TABLES = ("metrics.csv", "images.csv", WORST, "uncertainty.png")


def publish(run: Path, bundle: Path, folder: Path, tile: int) -> None:
    """Write a small run folder, from which `dfcan-bmz package` makes the same bundle again.

    Parameters
    ----------
    run : pathlib.Path
        The run folder.
    bundle : pathlib.Path
        The ``.zip`` that was made of it: README, ``rdf.yaml`` and pictures come from there.
    folder : pathlib.Path
        An empty folder to fill.
    tile : int
        Side of the tiles in LR pixels: of the sample images no more than one is kept.
    """
    for name in KEPT:
        shutil.copyfile(run / name, folder / name)
    lr, hr = (images.read(run / f"sample_{side}.tif") for side in ("lr", "hr"))
    sample = richest_crop(Plane(lr.pixels, hr.pixels), min(tile, *lr.size))
    for side, pixels, source in (("lr", sample.lr, lr), ("hr", sample.hr, hr)):
        images.write(folder / f"sample_{side}.tif", pixels, "ZYX"[-pixels.ndim :], source.calibration)
    for evaluation in run_folder.evaluations(run):
        (folder / EVALUATION / evaluation.name).mkdir(parents=True)
        for name in TABLES:
            if (evaluation / name).is_file():
                shutil.copyfile(evaluation / name, folder / EVALUATION / evaluation.name / name)
    with zipfile.ZipFile(bundle) as archive:
        covers = yaml.safe_load(archive.read("rdf.yaml"))["covers"]
        for name in ("rdf.yaml", README, *covers):
            (folder / name).write_bytes(archive.read(name))
