"""A BUNDLE by its name: that of a published model is packaged when it is first asked for."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import dfcan_bmz
from dfcan_bmz import console, files, published, staging
from dfcan_bmz.bundle_file.named import cache, find_model
from dfcan_bmz.errors import DfcanError


def find_bundle(given: Path, say: Callable[[str], None]) -> Path:
    """Path of a bundle; that of a published model is packaged and tested when it is first asked for, and kept.

    Parameters and errors are those of `find_model`.
    """
    found = find_model(given, say)
    if not published.is_published(found):
        if found.is_dir():
            raise DfcanError(f"{given} is a folder: give a bundle, as `dfcan-bmz package` writes it")
        return found
    recipe = published.recipe(found)
    made_from = f"{dfcan_bmz.__version__} {files.sha256(found)} {files.sha256(recipe)}"
    kept = cache() / "bundles" / hashlib.sha256(made_from.encode()).hexdigest()[:12] / f"{found.name}.zip"
    if not kept.is_file():
        with console.quiet_start():  # Keras and its backend
            from dfcan_bmz.bundle.recipe import read_recipe
            from dfcan_bmz.bundle.write import write_bundle

        say(f"{found.name} is packaged for the first time; its bundle is kept as {kept}")
        kept.parent.mkdir(parents=True, exist_ok=True)
        with staging.writing(kept, "package", overwrite=True) as path:
            write_bundle(found, read_recipe(recipe), recipe.parent, path, say)
    return kept
