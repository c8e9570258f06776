"""``train.init``: where a training's first weights come from."""

import tempfile
from contextlib import suppress
from pathlib import Path

import keras

from dfcan_bmz import run_folder
from dfcan_bmz.bundle_file.named import find_model
from dfcan_bmz.engines.keras_v3 import load_model
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.files import sha256
from dfcan_bmz.training.starting_weights import start_from


def initialise(model: keras.Model, source: Path) -> None:
    """Copy the weights of `source` into `model`, and say what stays fresh.

    Parameters
    ----------
    model : keras.Model
        To be trained.
    source : pathlib.Path
        A run folder (its best weights), a ``.keras`` file (``RUN/last.keras``, say), or a bundle that has such a file;
        or the name of a model.

    Raises
    ------
    DfcanError
        If it is none of these, or holds another network.
    """
    fresh = start_from(model, _read(source), str(source))
    if fresh:
        print(f"{source} is of another scale: {fresh:,} parameters that depend on the scale start afresh")


def initialise_again(model: keras.Model, source: Path, checksum: str | None) -> None:
    """Give a training that goes on the first weights that it once had, from which it may have to begin again.

    Where they are no longer to be had, it goes on all the same: with its last weights all is well.

    Parameters
    ----------
    model : keras.Model
        To be trained further.
    source : pathlib.Path
        The ``train.init``.
    checksum : str or None
        What `origin` said of it.
    """
    with suppress(DfcanError, OSError):
        if origin(source)["sha256"] == checksum:
            start_from(model, _read(source), str(source))


def origin(source: Path) -> dict[str, str]:
    """Name and checksum of the file that the first weights come from, for the provenance of the training."""
    source = find_model(source)
    file = _file(source)
    return {"name": f"{source.name}/{file.name}" if source.is_dir() else file.name, "sha256": sha256(file)}


def _read(source: Path) -> keras.Model:
    source = find_model(source)
    if source.suffix == ".zip":
        from dfcan_bmz.bundle_file.read import open_description  # slow to import, and rarely needed
        from dfcan_bmz.bundle_file.weights import Weights, weights_file

        description = open_description(source)
        if description.weights.keras_v3 is None:
            raise DfcanError(f"train.init: {source} has no weights in the format keras_v3: give another bundle")
        with tempfile.TemporaryDirectory() as folder:
            return load_model(weights_file(Weights(source, description), "keras_v3", Path(folder)))
    return load_model(_file(source))


def _file(source: Path) -> Path:
    return source if source.is_file() else run_folder.weights(source)
