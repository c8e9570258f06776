"""The model that a form names, and where its figures are kept."""

from pathlib import Path

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.model import open_model
from dfcan_bmz.run_folder import EVALUATION


def chosen_model(use_current: bool, current: Path, other: str, scale: int) -> Path:
    """The model just trained, or another one if it exists and enlarges as much as the form says.

    Parameters
    ----------
    use_current : bool
        Whether the one just trained is wanted.
    current : pathlib.Path
        Its run folder.
    other : str
        Run folder or bundle to use otherwise.
    scale : int
        Scale factor that the user expects of the other one.

    Raises
    ------
    DfcanError
        If there is no such model, or it has another scale factor.
    """
    if not use_current and not other:
        raise DfcanError("no model is chosen: tick the box, or enter the folder of another model")
    path = current if use_current else Path(other)
    predictor = open_model(path)
    if not use_current and predictor.scale != scale:
        raise DfcanError(f"{path} is a model for x{predictor.scale}, the form says x{scale}: correct the factor")
    print(f"{path}: {predictor.name}, x{predictor.scale}")
    return path


def metrics_folder(model: Path) -> Path:
    """Where the quality control keeps the figures of a model: in a run folder, whence they enter the bundle's README.

    Parameters
    ----------
    model : pathlib.Path
        Run folder or bundle.
    """
    return model / EVALUATION / "quality-control" if model.is_dir() else Path("Quality_control", model.stem, "Metrics")
