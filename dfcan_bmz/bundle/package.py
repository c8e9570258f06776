"""A run folder to a tested bundle, or to the folder that a repository of models keeps of it."""

import re
import shutil
import zipfile
from pathlib import Path

import yaml

from dfcan_bmz import files, images, run_folder, staging
from dfcan_bmz.bundle.describe import README
from dfcan_bmz.bundle.evaluations import PICTURES, TABLES
from dfcan_bmz.bundle.recipe import read_recipe, with_tile
from dfcan_bmz.bundle.verdict import Verdict
from dfcan_bmz.bundle.write import write_bundle
from dfcan_bmz.bundle_file.named import find_model
from dfcan_bmz.data.patches import richest_crop
from dfcan_bmz.data.planes import Plane
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.events import SILENT, Events
from dfcan_bmz.run_folder import EVALUATION, read_config, weights

KEPT = ("config.yaml", "model.keras", "history.csv", "provenance.json")


def package(
    run: str | Path, recipe: str | Path, out: str | Path, overwrite: bool = False, events: Events = SILENT
) -> list[Verdict]:
    """Turn a run folder into a bundle for the BioImage Model Zoo, tested in every engine.

    Parameters
    ----------
    run : str or pathlib.Path
        Run folder of a training, or the name of a published model.
    recipe : str or pathlib.Path
        YAML file: name, authors, licence ... `dfcan-bmz recipe new` drafts one.
    out : str or pathlib.Path
        ``BUNDLE.zip``, or a folder: what a repository of models keeps.
    overwrite : bool
        Whether `out` is replaced.
    events : dfcan_bmz.events.Events
        Hears of formats and tests.

    Returns
    -------
    list of Verdict
        Of every test; all passed, or could not be run here.

    Raises
    ------
    DfcanError
        If run folder or recipe do not make a bundle, or `out` is there already.
    UnfinishedError
        If a format failed in its engine; no bundle is written then.

    Examples
    --------
    >>> dfcan_bmz.package("runs/actin", "recipe.yaml", "actin.zip")
    """
    run, file, out = find_model(Path(run)), Path(recipe), Path(out)
    to_bundle = out.suffix.lower() == ".zip"
    if (to_bundle and out.is_dir()) or (not to_bundle and re.fullmatch(r"\.[a-z]+", out.suffix) and not out.is_dir()):
        raise DfcanError(f"{out} is not a name for a bundle: call it BUNDLE.zip, or give a folder to publish in")
    if not to_bundle:
        files.refuse_input_as_output([run], [out])
    weights(run)  # refuses what is no run folder
    sized = with_tile(read_recipe(file), read_config(run))
    if not sized.maintainers:
        events.note(f"{file} names no `maintainers` with a github_user; the zoo requires one, other programs do not")
    if sized.input == "enlarged":
        events.note("ilastik normalises the blocks of `input: enlarged` one by one; `input: prepared` is exact there")
    if to_bundle:
        with staging.writing(out, "package", overwrite) as path:
            return write_bundle(run, sized, file.parent, path, events.tell)
    with staging.filling(out, "package", overwrite) as folder:
        bundle = folder / "bundle.zip"
        verdicts = write_bundle(run, sized, file.parent, bundle, events.tell)
        _keep(run, bundle, folder, sized.tile)
        bundle.unlink()
    return verdicts


def _keep(run: Path, bundle: Path, folder: Path, tile: int) -> None:
    """Fill a small run folder from which `package` makes the same bundle again: of its samples it has one tile.

    README, ``rdf.yaml`` and pictures are those of the bundle.
    """
    for name in KEPT:
        shutil.copyfile(run / name, folder / name)
    lr, hr = (images.read(run / f"sample_{side}.tif") for side in ("lr", "hr"))
    sample = richest_crop(Plane(lr.pixels, hr.pixels), min(tile, *lr.size))
    for side, pixels, source in (("lr", sample.lr, lr), ("hr", sample.hr, hr)):
        images.write(folder / f"sample_{side}.tif", pixels, "ZYX"[-pixels.ndim :], source.calibration)
    for evaluation in run_folder.evaluations(run):
        (folder / EVALUATION / evaluation.name).mkdir(parents=True)
        for name in (*TABLES, *(f"{kind}.png" for kind in PICTURES)):
            if (evaluation / name).is_file():
                shutil.copyfile(evaluation / name, folder / EVALUATION / evaluation.name / name)
    with zipfile.ZipFile(bundle) as archive:
        covers = yaml.safe_load(archive.read("rdf.yaml"))["covers"]
        for name in ("rdf.yaml", README, *covers):
            (folder / name).write_bytes(archive.read(name))
