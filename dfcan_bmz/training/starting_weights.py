"""``train.init``: starting from weights that exist, the same network's, or its sibling's at another scale."""

from contextlib import suppress
from pathlib import Path

import keras
import numpy as np

from dfcan_bmz import run_folder
from dfcan_bmz.bundle_file.named import find_model
from dfcan_bmz.engines.keras_v3 import load_model
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.events import Events
from dfcan_bmz.files import sha256


def initialise(model: keras.Model, source: Path, events: Events) -> None:
    """Copy the weights of `source` into `model`, and say what stays fresh.

    Parameters
    ----------
    model : keras.Model
        To be trained.
    source : pathlib.Path
        A run folder (its best weights), a ``.keras`` file (``RUN/last.keras``, say), or a bundle that has such a file;
        or the name of a model.
    events : Events
        Hears what stays fresh.

    Raises
    ------
    DfcanError
        If it is none of these, or holds another network.
    """
    fresh = start_from(model, _read(source), str(source))
    if fresh:
        events.tell(f"{source} is of another scale: {fresh:,} parameters that depend on the scale start afresh")


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
        from dfcan_bmz.bundle_file.read import open_bundle
        from dfcan_bmz.bundle_file.weights import weights_file

        bundle = open_bundle(source)
        if "keras_v3" not in bundle.weights:
            raise DfcanError(f"train.init: {source} has no weights in the format keras_v3: give another bundle")
        with weights_file(bundle, "keras_v3") as path:
            return load_model(path)
    return load_model(_file(source))


def _file(source: Path) -> Path:
    return source if source.is_file() else run_folder.weights(source)


def start_from(model: keras.Model, source: keras.Model, name: str) -> int:
    """Copy what fits from `source` into `model`.

    At another scale, networks of one kind differ in the layers that enlarge: the weights before and after these are
    copied, the others stay fresh.

    Parameters
    ----------
    model, source : keras.Model
        (N, H, W, C) to (N, sH, sW, 1).
    name : str
        Where `source` comes from, for the error.

    Returns
    -------
    int
        Parameters that stay fresh.

    Raises
    ------
    DfcanError
        If they are different networks.
    """
    ours, theirs = model.trainable_variables, [keras.ops.convert_to_numpy(one) for one in source.trainable_variables]
    other_scale = _scale(model) != _scale(source)
    head = _alike(ours, theirs)
    tail = min(_alike(ours[::-1], theirs[::-1]), min(len(ours), len(theirs)) - head)
    fresh = ours[head : len(ours) - tail]
    if (
        model.name != source.name
        or not head
        or (fresh and not other_scale)
        or len(ours) - len(theirs) not in (-2, 0, 2)
    ):
        raise DfcanError(f"train.init: {name} has another network: choose the same model settings")
    for variable, value in [
        *zip(ours[:head], theirs, strict=False),
        *zip(ours[::-1][:tail], theirs[::-1], strict=False),
    ]:
        variable.assign(value)
    return sum(int(np.prod(variable.shape)) for variable in fresh)


def _alike(ours: list[keras.Variable], theirs: list[np.ndarray]) -> int:
    """How many weights from the first on have the same shapes."""
    count = 0
    while count < min(len(ours), len(theirs)) and tuple(ours[count].shape) == theirs[count].shape:
        count += 1
    return count


def _scale(model: keras.Model) -> int:
    return model.compute_output_shape((1, 16, 16, model.input_shape[-1]))[1] // 16
