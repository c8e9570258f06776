"""A model ready to predict: `open_model` makes one of a run folder or a bundle.

A model is known by its files: however often it is opened, a process loads it once, and again when its file has changed.
"""

import tempfile
import threading
from collections.abc import Callable, Hashable
from functools import lru_cache, partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dfcan_bmz import files, run_folder
from dfcan_bmz.bundle_file.named import find_model
from dfcan_bmz.engines import Network
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images import SINGLE, Frames
from dfcan_bmz.tiling import automatic_halo

if TYPE_CHECKING:  # slow to import, and of no use to a run folder
    from dfcan_bmz.bundle_file.read import Processing
    from dfcan_bmz.bundle_file.weights import Load as LoadFile
    from dfcan_bmz.bundle_file.weights import ModelDescription, Weights

KEPT = 2  # models in memory
# onnxruntime is always there; the others take seconds to import
PREFERRED = ("keras_v3", "onnx", "torchscript", "tensorflow_saved_model_bundle")
SMALLEST_INNER = 8  # of a tile at least an eighth of its side is to be kept


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
    path = find_model(path)
    file = path / run_folder.WEIGHTS if path.is_dir() else path
    version = files.stamp(file) if file.is_file() else None
    return Load(_open, (path.resolve(), engine, precision, blend, trusted, ensemble), version)


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


def of_run(run: Path, engine: str = "auto", precision: str = "float32") -> Model:
    """Load the best weights of a run folder.

    Parameters and errors are those of `open_model`.
    """
    from dfcan_bmz.engines import fastest
    from dfcan_bmz.models import reach

    weights = run_folder.weights(run)
    config = run_folder.read_config(run)
    tile, scale = config.data.patch_size, config.model.scale
    record = run_folder.read_provenance(run) if (run / "provenance.json").is_file() else {}
    return Model(
        name=config.model.name.upper(),
        network=fastest.load(weights, engine, precision, config.model.inputs),
        scale=scale,
        tile=tile,
        halo=automatic_halo(tile, reach(config.model), scale) // scale,
        target=config.data.target,
        smoothing_px=record["validation"]["smoothed_bicubic_sigma_px"] if record else None,
        domain=record.get("domain"),
        sha256=files.sha256(weights),
        frames=Frames(config.model.inputs, config.data.order, config.data.angles),
    )


def of_bundle(bundle: Path, engine: str = "auto", precision: str = "float32", trusted: bool = False) -> Model:
    """Load a zipped bundle: its Keras weights in an engine that `dfcan_bmz.engines.fastest` chooses.

    Where it has none, the first of its formats runs whose engine is installed.

    Parameters and errors are those of `open_model`.
    """
    from dfcan_bmz.bundle_file.read import open_description, recorded_processing
    from dfcan_bmz.bundle_file.weights import Weights
    from dfcan_bmz.engines import fastest
    from dfcan_bmz.extras import missing_extra

    description = open_description(bundle)
    inputs = recorded_processing(bundle, description).frames.number
    formats = [name for name in PREFERRED if getattr(description.weights, name) is not None]
    weights = Weights(bundle, description, trusted)
    if "keras_v3" in formats:
        model = of_weights(
            weights, "keras_v3", partial(fastest.load, engine=engine, precision=precision, inputs=inputs)
        )
    elif (engine, precision) != ("auto", "float32"):
        raise DfcanError(f"{bundle} has no Keras weights: leave --engine and --precision at their defaults")
    elif installed := [name for name in formats if not missing_extra(name)]:
        model = of_weights(weights, installed[0])
    else:
        raise DfcanError(f"{bundle} has no weights for an engine that is installed: pip install 'dfcan-bmz[torch]'")
    return model._replace(sha256=files.sha256(bundle))


def of_companion(bundle: Path) -> Model:
    """How the companion that images are prepared for is fed; its weights are not read.

    Raises
    ------
    DfcanError
        If the bundle is no companion for prepared images.
    """
    from dfcan_bmz.bundle_file.read import open_description, processing

    description = open_description(bundle)
    ours = processing(description)
    if ours is None or ours.input != "prepared":
        what = "normalises by itself, block by block in ilastik" if ours and ours.input == "enlarged" else "is none"
        raise DfcanError(f"{bundle} {what}: package a companion for ilastik from a recipe with `input: prepared`")
    return _without_network(bundle, description, ours)._replace(sha256=files.sha256(bundle))


def of_weights(weights: "Weights", name: str, load: "LoadFile | None" = None) -> Model:
    """Load one format of a bundle by `dfcan-bmz package` in this project's engine for it, or by `load`.

    The model takes LR images, also where the bundle itself takes them enlarged.

    Raises
    ------
    DfcanError
        If the weights cannot be run, or the tile and the halo of the description leave next to nothing of a tile.
    """
    from dfcan_bmz.bundle_file.read import recorded_processing
    from dfcan_bmz.bundle_file.weights import load_network

    ours = recorded_processing(weights.bundle, weights.description)
    without, step = _without_network(weights.bundle, weights.description, ours), ours.step
    with tempfile.TemporaryDirectory() as folder:
        network = load_network(weights, name, Path(folder), load)

    @wraps(network)
    def run(batch: np.ndarray) -> np.ndarray:
        output = network(batch if step == 1 else batch.repeat(step, 1).repeat(step, 2))
        s = without.scale
        expected = (batch.shape[0], batch.shape[1] * s, batch.shape[2] * s, 1)
        if output.shape != expected:
            raise DfcanError(
                f"{weights.bundle}: its {name} weights turn {batch.shape} into {output.shape}, but rdf.yaml promises "
                f"scale {s}, {expected}: package the model again"
            )
        return output

    return without._replace(network=run)


def _without_network(bundle: Path, description: "ModelDescription", ours: "Processing") -> Model:
    axes = {axis.id: axis for axis in description.inputs[0].axes}
    tile = axes["y"].size // ours.step
    halo = next(axis.halo for axis in description.outputs[0].axes if axis.id == "y") // ours.scale
    if tile - 2 * halo < tile // SMALLEST_INNER:
        raise DfcanError(
            f"{bundle}: a halo of {halo} px on each side leaves {tile - 2 * halo} px of a tile of {tile}: "
            "package it with a smaller halo"
        )
    return Model(
        name=description.config.bioimageio.architecture_type or description.name,
        network=unread,
        scale=ours.scale,
        tile=tile,
        halo=halo,
        target=ours.target,
        smoothing_px=ours.smoothed_bicubic_sigma_px,
        domain=ours.domain,
        frames=ours.frames,
    )
