"""The models that the chooser offers: those published with the package, and what the user picks."""

from pathlib import Path

from dfcan_bmz import published
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.model import Model, open_model

OWN = "own model"


def path_of(choice: str, own: Path) -> Path:
    """Path of what was chosen: a published model by its name, or the run folder or bundle of the user."""
    if choice != OWN:
        return published.models()[choice]
    if own in (Path(), Path(".")):
        raise DfcanError("choose a model: a bundle (.zip), or the folder of a training")
    return own


def open_chosen(path: Path) -> Model:
    """Load what was chosen; DfcanError if that cannot be, or it takes several frames for an image."""
    model = open_model(path)
    if model.frames.number > 1:
        raise DfcanError(f"{model.name} takes {model.frames.number} frames for each image: use `dfcan-bmz predict`")
    return model
