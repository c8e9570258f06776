"""The model that a form names, and where its figures are kept."""

from pathlib import Path

from dfcan_bmz import published
from dfcan_bmz.bundle_file.named import find_model
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.model import open_model
from dfcan_bmz.notebook.training import model_folder
from dfcan_bmz.run_folder import EVALUATION, WEIGHTS


def chosen_model(use_current: bool, other: str, scale: int) -> Path:
    """The model just trained, or another one if it exists and enlarges as much as the form says.

    Parameters
    ----------
    use_current : bool
        Whether the one just trained is wanted: that which the form of section 3.2 names.
    other : str
        Run folder, bundle or name of a model to use otherwise.
    scale : int
        Scale factor that the user expects of the other one.

    Raises
    ------
    DfcanError
        If there is no such model, or it has another scale factor.
    """
    if use_current:
        current = model_folder()
        if not (current / WEIGHTS).is_file():
            raise DfcanError(f"run section 4.2 first: {current} is not trained yet; or untick the box and name another")
        return current
    if not other.strip():
        raise DfcanError("no model is chosen: tick the box, or enter the folder or the name of another model")
    path = find_model(Path(other.strip()))
    predictor = open_model(path)
    if predictor.scale != scale:
        raise DfcanError(f"{other} is a model for x{predictor.scale}, the form says x{scale}: correct the factor")
    return path


def metrics_folder(model: Path) -> Path:
    """Where the quality control keeps the figures of a model: in a run folder of the user, whence they enter a README.

    Parameters
    ----------
    model : pathlib.Path
        Run folder or bundle.
    """
    if model.is_dir() and not published.is_published(model):
        return model / EVALUATION / "quality-control"
    return Path("Quality_control", model.stem, "Metrics")
