"""``dfcan-bmz package``: a run folder to a tested bundle."""

from pathlib import Path

from dfcan_bmz import files
from dfcan_bmz.bundle.recipe import read_recipe
from dfcan_bmz.bundle.write import write_bundle
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.export import missing_extra


def run(run_folder: Path, recipe_file: Path, out: Path, overwrite: bool) -> None:
    if out.suffix != ".zip" or out.is_dir():
        raise DfcanError(f"{out} is no name for a zip file: call the bundle BUNDLE.zip")
    files.refuse_existing([out], overwrite)
    recipe = read_recipe(recipe_file)
    for name in recipe.formats:
        if extra := missing_extra(name):
            print(f"left out: {name}, for which something is missing: pip install 'dfcan-bmz[{extra}]'")
    verdicts = write_bundle(run_folder, recipe, recipe_file.parent, out, print)
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB, {len(verdicts)} checks passed; run it with `bioimageio predict`")
