"""Sections 6 to 8: use the model, package it, keep a record."""

import hashlib
import tempfile
from pathlib import Path

from IPython.utils.capture import capture_output

from dfcan_bmz import cli
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.notebook import pictures, session
from dfcan_bmz.notebook.answers import answer, folder
from dfcan_bmz.notebook.models import chosen_model, metrics_folder
from dfcan_bmz.notebook.words import speaking

MARK = "# as it was drafted: "


def model() -> Path:
    """The model that the form of section 6.1 names."""
    return chosen_model(
        answer("Predict_with_the_current_trained_model"),
        answer("Prediction_model_folder"),
        answer("Prediction_down_factor"),
    )


def predict() -> None:
    """Predict the images of the form."""
    with speaking():
        images, out = folder("Data_folder"), folder("Result_folder")
        cli.predict(model(), [images], out, intensity=answer("Intensities"), overwrite=True)


def show_predictions() -> None:
    """Show images and their predictions."""
    pictures.show_predictions(folder("Data_folder"), _results())


def download_predictions() -> None:
    """Offer the predictions for download."""
    session.download(_results())


def _results() -> Path:
    results = folder("Result_folder")
    if not results.is_dir():
        raise DfcanError(f"run section 6.1 first: it predicts into {results}")
    return results


def package() -> None:
    """Write the recipe, unless somebody has edited the one that is there, and the bundle."""
    chosen = model()
    recipe = Path(f"{chosen.name}.yaml")
    _draft(recipe, chosen)
    with speaking():
        cli.package(chosen, recipe=recipe, out=_bundle(), overwrite=True)


def _draft(recipe: Path, chosen: Path) -> None:
    body, _, digest = recipe.read_text(encoding="utf-8").rpartition(MARK) if recipe.exists() else ("", "", "")
    edited = recipe.exists() and digest.strip() != _digest(body)
    if edited and not answer("Rewrite_recipe"):
        print(f"{recipe} was edited and is used as it is, not the form: tick Rewrite_recipe to write it from the form")
        return
    if edited:
        kept = recipe.with_suffix(".edited.yaml")
        recipe.rename(kept)
        print(f"the edited recipe is kept as {kept}")
    about = {"structure": "Structure", "modality": "Modality", "author": "Author", "affiliation": "Affiliation"}
    about |= {"github_user": "GitHub_user", "license": "License", "training_data": "Training_data"}
    given = {key: answer(name) for key, name in about.items()} | {"name": answer("Bundle_name") or None}
    with tempfile.TemporaryDirectory() as scratch, capture_output():
        drafted = Path(scratch) / "recipe.yaml"
        cli.recipe_new(drafted, run=chosen, **given)
        text = drafted.read_text(encoding="utf-8")
    recipe.write_text(f"{text}{MARK}{_digest(text)}\n", encoding="utf-8")
    print(f"{recipe}: what the bundle says of the model; read it, edit it, and run the cell again")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _bundle() -> Path:
    return Path(f"{model().name}.zip")


def _written_bundle() -> Path:
    bundle = _bundle()
    if not bundle.is_file():
        raise DfcanError(f"run section 7.1 first: it writes {bundle}")
    return bundle


def install_fiji() -> None:
    """Install the bundle into the Fiji that the form names."""
    if not str(answer("Fiji_folder")).strip():
        print("Fiji_folder is empty: nothing to install")
        return
    with speaking():
        cli.install_fiji(_written_bundle(), fiji=folder("Fiji_folder"), overwrite=True)


def download_bundle() -> None:
    """Offer the bundle for download."""
    session.download(_written_bundle())


def record() -> None:
    """Write the record of the training, with the figures of section 5.3 where they are of this model."""
    chosen = model()
    page, measured = Path(f"{chosen.name}_record.html"), metrics_folder(chosen)
    with speaking():
        cli.record(chosen, out=page, evaluation=measured if measured.is_dir() else None, overwrite=True)
    session.download(page)
