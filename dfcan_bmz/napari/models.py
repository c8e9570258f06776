"""The models that the chooser offers: those published with the package, and what the user picks."""

from pathlib import Path

from dfcan_bmz import published
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.model import Model, open_model

OWN = "own model"


def open_chosen(choice: str, own: Path) -> Model:
    """Load what was chosen: a published model by its name, or the run folder or bundle of the user.

    Raises
    ------
    DfcanError
        If there is none, or it cannot be loaded.
    """
    if choice != OWN:
        return _for_one_image(open_model(published.models()[choice]))
    if own in (Path(), Path(".")):
        raise DfcanError("choose a model: a bundle (.zip), or the folder of a training")
    return _for_one_image(open_model(own))


def _for_one_image(model: Model) -> Model:
    if model.frames.number > 1:
        raise DfcanError(f"{model.name} takes {model.frames.number} frames for each image: use `dfcan-bmz predict`")
    return model
