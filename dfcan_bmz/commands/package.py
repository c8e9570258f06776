"""``dfcan-bmz package``: a run folder to a tested bundle, or to the folder that a repository keeps of it."""

import re
from pathlib import Path

from dfcan_bmz import files, staging
from dfcan_bmz.bundle.publish import publish
from dfcan_bmz.bundle.recipe import SizedRecipe, read_recipe, with_tile
from dfcan_bmz.bundle.write import write_bundle
from dfcan_bmz.bundle_file.named import find_model
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.run_folder import read_config, weights


def run(run_folder: Path, recipe_file: Path, out: Path, overwrite: bool) -> None:
    run_folder = find_model(run_folder)
    to_bundle = out.suffix.lower() == ".zip"
    if (to_bundle and out.is_dir()) or (not to_bundle and re.fullmatch(r"\.[a-z]+", out.suffix) and not out.is_dir()):
        raise DfcanError(f"{out} is no name for a bundle: call it BUNDLE.zip, or give a folder to publish in")
    if not to_bundle:
        files.refuse_input_as_output([run_folder], [out])
    weights(run_folder)  # refuses what is no run folder
    recipe = with_tile(read_recipe(recipe_file), read_config(run_folder))
    if not recipe.maintainers:
        print(
            f"note: {recipe_file} names no `maintainers` with a github_user; the zoo wants one, other programs do not"
        )
    if recipe.input == "enlarged":
        print("note: ilastik normalises the blocks of `input: enlarged` one by one; `input: prepared` is exact there")
    if to_bundle:
        with staging.writing(out, "package", overwrite) as path:
            verdicts = write_bundle(run_folder, recipe, recipe_file.parent, path, print)
        size = f"{out.stat().st_size / 1e6:.1f} MB"
        print(f"{out}: {size}, {len(verdicts)} checks passed; run it with `bioimageio predict`")
    else:
        _publish(run_folder, recipe, recipe_file.parent, out, overwrite)


def _publish(run_folder: Path, recipe: SizedRecipe, recipe_folder: Path, out: Path, overwrite: bool) -> None:
    with staging.filling(out, "package", overwrite) as folder:
        bundle = folder / "bundle.zip"
        verdicts = write_bundle(run_folder, recipe, recipe_folder, bundle, print)
        publish(run_folder, bundle, folder, recipe.tile)
        bundle.unlink()
    again = f"`dfcan-bmz package {out} --recipe ...` makes the bundle again"
    print(f"{out}: {len(verdicts)} checks passed; commit it, {again}")
