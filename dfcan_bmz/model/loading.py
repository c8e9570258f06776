"""Models from their files: a run folder's, a bundle's, one weight format's."""

from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dfcan_bmz import files, run_folder
from dfcan_bmz.domain import is_domain
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images import Frames
from dfcan_bmz.model import Model, unread
from dfcan_bmz.tiling import automatic_halo

if TYPE_CHECKING:  # slow to import, and of no use to a run folder
    from dfcan_bmz.bundle_file.read import Bundle
    from dfcan_bmz.bundle_file.weights import Load as LoadFile

# onnxruntime is always there; the others take seconds to import
PREFERRED = ("keras_v3", "onnx", "torchscript", "tensorflow_saved_model_bundle")
SMALLEST_INNER = 8  # of a tile at least an eighth of its side is to be kept
LARGEST_TILE = 4096  # 64 features of it take 4 GB


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
        error_bar=run_folder.error_bar(run),
    )


def of_bundle(path: Path, engine: str = "auto", precision: str = "float32", trusted: bool = False) -> Model:
    """Load a zipped bundle: its Keras weights in an engine that `dfcan_bmz.engines.fastest` chooses.

    Where it has none, the first of its formats runs whose engine is installed.

    Parameters and errors are those of `open_model`.
    """
    from dfcan_bmz.bundle_file.read import open_bundle
    from dfcan_bmz.engines import fastest
    from dfcan_bmz.extras import missing_extra

    bundle = open_bundle(path, trusted=trusted)
    inputs = bundle.ours.frames.number
    formats = [name for name in PREFERRED if name in bundle.weights]
    if "keras_v3" in formats:
        model = of_weights(bundle, "keras_v3", partial(fastest.load, engine=engine, precision=precision, inputs=inputs))
    elif (engine, precision) != ("auto", "float32"):
        raise DfcanError(f"{path} has no Keras weights: leave --engine and --precision at their defaults")
    elif installed := [name for name in formats if not missing_extra(name)]:
        model = of_weights(bundle, installed[0])
    else:
        raise DfcanError(f"{path} has no weights for an engine that is installed: pip install 'dfcan-bmz[torch]'")
    return model._replace(sha256=files.sha256(path))


def of_companion(path: Path) -> Model:
    """How the companion that images are prepared for is fed; its weights are not read.

    Raises
    ------
    DfcanError
        If the bundle is no companion for prepared images.
    """
    from dfcan_bmz.bundle_file.read import open_bundle

    bundle = open_bundle(path)
    takes = bundle.processing.input if bundle.processing else ""
    if takes != "prepared":
        what = "normalises by itself, block by block in ilastik" if takes == "enlarged" else "is no companion"
        raise DfcanError(f"{path} {what}: package the run folder with `input: prepared` in the recipe")
    return _without_network(bundle)._replace(sha256=files.sha256(path))


def of_weights(bundle: "Bundle", name: str, load: "LoadFile | None" = None) -> Model:
    """Load one format of a bundle by `dfcan-bmz package` in this project's engine for it, or by `load`.

    The model takes LR images, also where the bundle itself takes them enlarged.

    Raises
    ------
    DfcanError
        If the weights cannot be run, or the tile and the halo of the description leave next to nothing of a tile.
    """
    from dfcan_bmz.bundle_file.weights import load_network

    without, step = _without_network(bundle), bundle.ours.step
    network = load_network(bundle, name, load)

    @wraps(network)
    def run(batch: np.ndarray) -> np.ndarray:
        output = network(batch if step == 1 else batch.repeat(step, 1).repeat(step, 2))
        s = without.scale
        expected = (batch.shape[0], batch.shape[1] * s, batch.shape[2] * s, 1)
        if output.shape != expected:
            raise DfcanError(
                f"{bundle.path}: its {name} weights turn {batch.shape} into {output.shape}, but rdf.yaml promises "
                f"scale {s}, {expected}: package the model again"
            )
        return output

    return without._replace(network=run)


def _without_network(bundle: "Bundle") -> Model:
    ours = bundle.ours
    tile, halo = ours.tile // ours.step, ours.halo // ours.scale
    if tile - 2 * halo < tile // SMALLEST_INNER:
        raise DfcanError(
            f"{bundle.path}: a halo of {halo} px on each side leaves {tile - 2 * halo} px of a tile of {tile}: "
            "package it with a smaller halo"
        )
    if tile > LARGEST_TILE:
        raise DfcanError(f"{bundle.path}: tiles of {tile} px take too much memory: package it with a smaller tile")
    if ours.domain is not None and not is_domain(ours.domain):
        raise DfcanError(f"{bundle.path} does not say what its training has seen in words known here: package it again")
    return Model(
        name=ours.name,
        network=unread,
        scale=ours.scale,
        tile=tile,
        halo=halo,
        target=ours.target,
        smoothing_px=ours.smoothed_bicubic_sigma_px,
        domain=ours.domain,
        frames=ours.frames,
        error_bar=ours.error_bar,
    )
