"""The models that are evaluated: their names, files and training, and whether that met the images."""

import platform
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

import dfcan_bmz
from dfcan_bmz import run_folder
from dfcan_bmz.data.pairs import Pair
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.evaluation.overlap import seen_in_training
from dfcan_bmz.evaluation.score import BASELINES
from dfcan_bmz.files import sha256
from dfcan_bmz.model import Model, open_model
from dfcan_bmz.run_folder import Row


def open_models(found: list[Path | Model], trusted: bool) -> dict[str, Model]:
    """Models by the name that tables have for them: that of the network where there is one, else those of the files."""
    names = _names(found) if len(found) > 1 else []
    models = [model if isinstance(model, Model) else open_model(model, trusted=trusted) for model in found]
    return dict(zip(names or [models[0].name], models, strict=True))


def _names(found: list[Path | Model]) -> list[str]:
    """Names by which tables tell models apart: those of their files, with the folder where two are equal."""
    names = [one.name if isinstance(one, Model) else one.absolute().name.removesuffix(".zip") for one in found]
    folders = ["" if isinstance(one, Model) else f"{one.absolute().parent.name}/" for one in found]
    longer = [folder + name for folder, name in zip(folders, names, strict=True)]
    chosen = [full if names.count(name) > 1 else name for name, full in zip(names, longer, strict=True)]
    if len(set(chosen)) < len(chosen):
        raise DfcanError(f"two of the models have the same name ({', '.join(chosen)}): rename one of them")
    if taken := set(chosen).intersection(BASELINES):
        raise DfcanError(
            f"a model cannot be called {taken.pop()}, which is the name of a baseline: rename its file or folder"
        )
    return chosen


def common_scale(models: dict[str, Model]) -> int:
    """Scale factor of all; DfcanError if they differ."""
    scales = {name: model.scale for name, model in models.items()}
    if len(set(scales.values())) > 1:
        told = ", ".join(f"{name} {scale}" for name, scale in scales.items())
        raise DfcanError(f"the models have different scale factors ({told}): compare models with the same factor")
    return next(iter(scales.values()))


def seen_by(paths: Iterable[Path], pairs: list[Pair]) -> dict[str, str]:
    """Pairs that the trainings of models have met, and where."""
    records = [run_folder.read_provenance(path) for path in paths if (path / "provenance.json").is_file()]
    return seen_in_training(pairs, records)


def unknown(models: Iterable[str], paths: dict[str, Path]) -> Iterator[str]:
    """Warnings of models that do not say on what they were trained."""
    for name in models:
        if name not in paths or not (paths[name] / "provenance.json").is_file():
            what = paths[name].name if name in paths else "an open model"
            yield f"it is unknown whether {name} was trained on these images: {what} lists no training files"


def history(path: Path) -> list[Row]:
    """Epochs of a training; none of a bundle."""
    return run_folder.read_history(path) if path.is_dir() else []


def how(paths: dict[str, Path], models: dict[str, Model], pairs: list[Pair]) -> list[str]:
    """Lines about models, images and versions."""
    lines = []
    for name, model in models.items():
        came = model.name
        if name in paths:
            weights = run_folder.weights(paths[name]) if paths[name].is_dir() else paths[name]
            came = f"{weights.name} of {paths[name].absolute().name}, SHA-256 {sha256(weights)[:16]}"
        lines.append(f"Model {name}: {came}; x{model.scale}, tiles of {model.tile} px with a halo of {model.halo} px")
    return [
        *lines,
        f"Test set: {len(pairs)} pairs, from {pairs[0].name} to {pairs[-1].name}; SHA-256 of each file compared "
        "with those of the training, where the run folder lists them",
        f"dfcan_bmz {dfcan_bmz.__version__}, Python {platform.python_version()}, NumPy {np.__version__}",
    ]
