"""``dfcan-bmz package``: a run folder to a tested bundle."""

from pathlib import Path

from dfcan_bmz import files
from dfcan_bmz.bundle.recipe import read_recipe
from dfcan_bmz.bundle.write import write_bundle
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.export import FILE_NAMES


def run(run_folder: Path, recipe_file: Path, out: Path, overwrite: bool) -> None:
    if out.suffix != ".zip":
        raise DfcanError(f"{out} is not a .zip: name the bundle BUNDLE.zip")
    files.refuse_existing([out], overwrite)
    recipe = read_recipe(recipe_file)
    for name in recipe.formats:
        if name not in FILE_NAMES:
            print(f"left out: {name}, which this version does not write")
    verdicts = write_bundle(run_folder, recipe, recipe_file.parent, out, print)
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB, {len(verdicts)} checks passed; run it with `bioimageio predict`")
