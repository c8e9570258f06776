"""A model ready to predict: `open_model` makes one of a run folder or a bundle.

A model is known by its files: however often it is opened, a process loads it once, and again when its file has changed.
"""

import threading
from collections.abc import Callable, Hashable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dfcan_bmz import files, run_folder
from dfcan_bmz.bundle_file.named import find_model
from dfcan_bmz.engines import Network
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images import SINGLE, Frames

KEPT = 2  # models in memory
ENGINES, PRECISIONS = ("auto", "keras", "torch", "onnx"), ("float32", "bfloat16")


class Model(NamedTuple):
    """A network and how to feed it.

    Attributes
    ----------
    name : str
        What tables and figures call it, e.g. ``DFCAN``.
    network : callable
        (N, H, W, frames) to (N, sH, sW, 1) float32, intensities of about 0..1.
    scale : int
        Scale factor s.
    tile : int
        Side of the tiles in LR pixels.
    halo : int
        Outer pixels of a tile whose prediction is thrown away, in LR pixels.
    target : {"own", "input"}
        What the output's 0..1 means: the target's own percentiles, or those of the input.
    smoothing_px : float or None
        The baseline's best sigma on the validation images, in LR pixels; None where it is not known.
    domain : dict or None
        What the training saw, as `dfcan_bmz.domain` describes it; None where it is not known.
    blend : int
        LR pixels of the halo, to each side of a border between tiles, on which both tiles count; 0: each pixel comes
        from one tile, as bioimageio.core has it.
    sha256 : str
        Of the file that the weights came in; empty where there is none.
    batch : int
        Tiles that the network is given at once: a graphics card is slow with one.
    frames : Frames
        How the planes of a file make up the images that the network takes.
    orientations : int
        Of each tile, over whose predictions `network` averages.
    error_bar : float or None
        What the disagreement between orientations is multiplied by to hold 68 % of the errors on the images that the
        model was evaluated on; None where that was not measured.
    """

    name: str
    network: Network
    scale: int
    tile: int
    halo: int
    target: str
    smoothing_px: float | None
    domain: dict[str, Any] | None = None
    blend: int = 0
    sha256: str = ""
    batch: int = 1
    frames: Frames = SINGLE
    orientations: int = 1
    error_bar: float | None = None

    @property
    def plane_axes(self) -> int:
        """Axes of what it takes as a plane: 2, (Y, X), or 3, (frames, Y, X)."""
        return 2 if self.frames.number == 1 else 3


def unread(batch: np.ndarray) -> np.ndarray:
    """Network of a predictor whose weights are not read: what matters of it is how it is fed."""
    raise TypeError("the weights of this model were not read")


def open_model(
    path: str | Path,
    engine: str = "auto",
    precision: str = "float32",
    blend: int = 0,
    trusted: bool = False,
    ensemble: bool = False,
) -> Model:
    """Load a run folder or a bundle for prediction.

    Parameters
    ----------
    path : str or pathlib.Path
        The run folder, or the bundle, zipped or unzipped, or its name, as `dfcan-bmz models` lists it.
    engine : {"auto", "keras", "torch", "onnx"}
        What runs the network; "auto" is onnxruntime, as a rule (docs/prediction.md).
    precision : {"float32", "bfloat16"}
        Of the products in the convolutions.
    blend : int
        LR pixels of the halo on which neighbouring tiles fade into each other.
    trusted : bool
        Whether you know the author of a bundle: its weights run whatever they hold.
    ensemble : bool
        Whether it predicts the mean over the orientations of each tile, as `averaged` has it.

    Raises
    ------
    DfcanError
        If it is neither, or has no weights, or holds what is not run.

    Examples
    --------
    >>> model = dfcan_bmz.open_model("runs/actin")
    >>> model.scale
    2
    """
    return loaded(load_of(Path(path), engine, precision, blend, trusted, ensemble))


class Load(NamedTuple):
    """How to get a model: a function of a module and its arguments, which can be sent to other processes.

    Attributes
    ----------
    function : callable
        Returns the model.
    arguments : tuple
        Of the function.
    version : hashable
        Of the file that it loads: another version is loaded anew, though the arguments are the same.
    """

    function: Callable[..., Model]
    arguments: tuple[Hashable, ...]
    version: Hashable = None


def load_of(
    path: Path,
    engine: str = "auto",
    precision: str = "float32",
    blend: int = 0,
    trusted: bool = False,
    ensemble: bool = False,
) -> Load:
    """How to `open_model`, for this process and others."""
    refuse_other("engine", engine, ENGINES)
    refuse_other("precision", precision, PRECISIONS)
    path = find_model(path)
    read = [path / run_folder.WEIGHTS, *run_folder.uncertainties(path)] if path.is_dir() else [path]
    version = tuple(files.stamp(file) for file in read if file.is_file())
    return Load(_open, (path.resolve(), engine, precision, blend, trusted, ensemble), version)


def refuse_other(name: str, given: str, known: tuple[str, ...]) -> None:
    """Raise DfcanError if what is given is none of what is known: it would be taken for the default."""
    if given not in known:
        raise DfcanError(f"{name} {given!r} is not known: choose from {', '.join(known)}")


_lock = threading.Lock()


def loaded(load: Load | Model) -> Model:
    """Model of this process, loaded at the first call."""
    if isinstance(load, Model):
        return load
    with _lock:  # threads that ask at the same time wait for one to load it
        return _loaded(load)


@lru_cache(maxsize=KEPT)
def _loaded(load: Load) -> Model:
    return load.function(*load.arguments)


def _open(path: Path, engine: str, precision: str, blend: int, trusted: bool, ensemble: bool) -> Model:
    from dfcan_bmz.engines.devices import tiles_at_once
    from dfcan_bmz.model.loading import of_bundle, of_run

    model = of_run(path, engine, precision) if path.is_dir() else of_bundle(path, engine, precision, trusted)
    if blend > model.halo:
        raise DfcanError(f"--blend {blend} is wider than the halo of {path}, {model.halo} px: choose at most that")
    model = model._replace(blend=blend, batch=tiles_at_once(model.network, model.tile))
    return averaged(model) if ensemble else model


def averaged(model: Model) -> Model:
    """A model that predicts the mean over each tile's eight orientations: slightly better, in eight times as long.

    Frames with stripes have two orientations, see `dfcan_bmz.data.augment`.
    """
    from dfcan_bmz.engines.ensemble import averaging, orientations

    if model.orientations > 1:
        return model
    phases = model.frames.phases
    return model._replace(network=averaging(model.network, phases), orientations=len(orientations(phases)))
