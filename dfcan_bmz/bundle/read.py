"""From a bundle to a callable."""

import tempfile
import zipfile
from functools import partial, wraps
from pathlib import Path
from typing import Any, Literal, TypeAlias

import bioimageio.spec
import numpy as np
from bioimageio.spec.model import v0_4, v0_5
from bioimageio.spec.summary import ErrorEntry
from pydantic import BaseModel, ValidationError

from dfcan_bmz.bundle.newer_format import in_known_words, is_discrete
from dfcan_bmz.bundle.raw import description_name, raw_description, refuse_files_elsewhere, refuse_other_files
from dfcan_bmz.bundle.weights import Load, ModelDescription, Weights, load_network
from dfcan_bmz.bundle.zip_safety import refuse_unsafe_zip
from dfcan_bmz.engines import Network
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.export import FILE_NAMES, missing_extra
from dfcan_bmz.files import sha256
from dfcan_bmz.normalize import HIGH_PERCENTILE, LOW_PERCENTILE, scaling_of
from dfcan_bmz.prediction.tiles import Predictor, unread

AnyDescription: TypeAlias = bioimageio.spec.ResourceDescr | bioimageio.spec.InvalidDescr
SMALLEST_INNER = 8  # of a tile at least an eighth of its side is to be kept


def open_description(bundle: Path, online: bool = False) -> ModelDescription:
    """Read and validate the description of a bundle, format 0.4 or 0.5, hashes of its files included.

    Parameters
    ----------
    bundle : pathlib.Path
        The ``.zip``; nothing outside of it is read.
    online : bool
        Whether to ask the network, as the zoo does, if the addresses and GitHub users that it names exist.

    Raises
    ------
    DfcanError
        If the file is no bundle, or its description is not valid.
    """
    refuse_other_files(bundle)
    refuse_unsafe_zip(str(bundle), str(bundle))
    refuse_files_elsewhere(bundle)
    try:
        description = _load(bundle, online)
    except Exception as error:
        # the spec reports what a description says wrong, and raises whatever it had not thought of
        reason = " ".join(str(error).split())
        raise DfcanError(f"{bundle} has an unreadable rdf.yaml ({reason}): package it again") from error
    if isinstance(description, ModelDescription):
        return description
    errors = _errors(description)
    reason = "; ".join(
        f"{'.'.join(map(str, error.loc))}: {error.msg.removeprefix('Value error, ')}".splitlines()[0]
        for error in errors[:3]
    )
    raise DfcanError(f"{bundle} has no valid model description ({reason or description.type}): package it again")


def _errors(description: AnyDescription) -> list[ErrorEntry]:
    return [error for detail in description.validation_summary.details for error in detail.errors]


class _Offline(dict):
    """Files that the spec takes for known: every address, so that it asks for none."""

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or str(key).startswith(("http://", "https://"))


def _load(bundle: Path, online: bool) -> AnyDescription:
    archive = zipfile.ZipFile(bundle)  # stays open: the description reads its files from it later
    content, names = raw_description(bundle)
    if not online:  # the spec asks GitHub for every user, known files or not
        if content.get("maintainers"):
            del content["maintainers"]
        for author in content.get("authors") or []:
            if isinstance(author, dict):
                author.pop("github_user", None)
    known = {} if online else _Offline()
    context = bioimageio.spec.ValidationContext(
        root=archive, file_name=description_name(names), perform_io_checks=True, known_files=known
    )
    return bioimageio.spec.build_description(in_known_words(content), context=context)


class Processing(BaseModel):
    """What `dfcan-bmz package` recorded for prediction."""

    input: Literal["low-resolution", "prepared", "enlarged"]
    scale: Literal[2, 3, 4]
    target: Literal["own", "input"]
    smoothed_bicubic_sigma_px: float
    tolerance: float  # what engines may differ by, in units of the output
    domain: dict[str, Any] | None = None  # bundles of older versions have none

    @property
    def step(self) -> int:
        """Every how many pixels of the bundle's input a pixel of the LR image stands: 1, or s where it is enlarged."""
        return 1 if self.input == "low-resolution" else self.scale

    def unit(self, plane: np.ndarray) -> np.ndarray:
        """What the network sees of a plane of the bundle's input: the LR image, normalised; (Y, X) float32."""
        normalised = plane if self.input == "prepared" else scaling_of(plane).apply(plane)
        return normalised[:: self.step, :: self.step]


def processing(description: ModelDescription) -> Processing | None:
    """What `dfcan-bmz package` recorded; None for bundles by others, which may process differently."""
    if isinstance(description, v0_4.ModelDescr) or len(description.inputs) != 1:
        return None
    recorded = (description.config.model_extra or {}).get("dfcan_bmz")
    if not isinstance(recorded, dict):
        return None
    try:
        ours = Processing.model_validate(recorded | {"tolerance": tolerance(description)})
    except ValidationError:
        return None
    expected = {"min_percentile": LOW_PERCENTILE, "max_percentile": HIGH_PERCENTILE}
    steps = [step for step in description.inputs[0].preprocessing if step.id != "ensure_dtype"]
    normalises = [step.id for step in steps] == ["scale_range"] and all(
        steps[0].kwargs[key] == value for key, value in expected.items()
    )
    known = not steps if ours.input == "prepared" else normalises
    return ours if known else None


def recorded_processing(bundle: Path, description: ModelDescription) -> Processing:
    """What `dfcan-bmz package` recorded.

    Raises
    ------
    DfcanError
        If somebody else has written the bundle.
    """
    ours = processing(description)
    if ours is None:
        raise DfcanError(f"{bundle} was not written by `dfcan-bmz package`: run it with `bioimageio predict`")
    return ours


def tolerance(description: v0_5.ModelDescr) -> float | None:
    """What a bundle allows engines to differ by, in units of the output; None where it says nothing of it."""
    entries = description.config.bioimageio.reproducibility_tolerance
    return next((entry.absolute_tolerance for entry in entries if not is_discrete(entry)), None)


def read_bundle(bundle: Path, engine: str = "auto", precision: str = "float32", trusted: bool = False) -> Predictor:
    """Load a bundle for prediction, by the first of its formats that this version runs.

    Keras weights run in the engine and precision of `dfcan_bmz.engines.fastest`.

    Parameters
    ----------
    bundle : pathlib.Path
        The ``.zip``.
    engine, precision : str
        As `dfcan_bmz.engines.fastest` has them.
    trusted : bool
        Whether the user knows the author; weights of strangers run only if all that they hold is listed.

    Raises
    ------
    DfcanError
        If it is no bundle, or none of `dfcan-bmz package`, or holds what is not listed.
    """
    description = open_description(bundle)
    recorded_processing(bundle, description)
    formats = [
        name for name in FILE_NAMES if getattr(description.weights, name) is not None and not missing_extra(name)
    ]
    if not formats:
        raise DfcanError(
            f"{bundle} has no weights for an engine that is installed: pip install 'dfcan-bmz[onnx,torch]'"
        )
    weights = Weights(bundle, description, trusted)
    if formats[0] == "keras_v3":
        # Keras takes seconds to import, and a check of other formats runs without it
        from dfcan_bmz.engines import fastest

        def load(path: Path) -> Network:
            onnx = partial(load_network, weights, "onnx", path.parent) if "onnx" in formats else None
            return fastest.load(path, engine, precision, onnx)

        opened = predictor(weights, formats[0], load)
    elif (engine, precision) == ("auto", "float32"):
        opened = predictor(weights, formats[0])
    else:
        raise DfcanError(f"{bundle} has no Keras weights: leave --engine and --precision at their defaults")
    return opened._replace(sha256=sha256(bundle))


def read_companion(bundle: Path) -> Predictor:
    """How the companion that images are prepared for is fed; its weights are not read.

    Raises
    ------
    DfcanError
        If the bundle is no companion for prepared images.
    """
    description = open_description(bundle)
    ours = processing(description)
    if ours is None or ours.input != "prepared":
        what = "normalises by itself, block by block in ilastik" if ours and ours.input == "enlarged" else "is none"
        raise DfcanError(f"{bundle} {what}: package a companion for ilastik from a recipe with `input: prepared`")
    return _without_network(bundle, description, ours)._replace(sha256=sha256(bundle))


def predictor(weights: Weights, name: str, load: Load | None = None) -> Predictor:
    """Load one format of a bundle by `dfcan-bmz package` in this project's engine for it, or by `load`.

    The predictor takes LR images, also where the bundle itself takes them enlarged.

    Raises
    ------
    DfcanError
        If the weights cannot be run, or the tile and the halo of the description leave next to nothing of a tile.
    """
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


def _without_network(bundle: Path, description: v0_5.ModelDescr, ours: Processing) -> Predictor:
    axes = {axis.id: axis for axis in description.inputs[0].axes}
    tile = axes["y"].size // ours.step
    halo = next(axis.halo for axis in description.outputs[0].axes if axis.id == "y") // ours.scale
    if tile - 2 * halo < tile // SMALLEST_INNER:
        raise DfcanError(
            f"{bundle}: a halo of {halo} px on each side leaves {tile - 2 * halo} px of a tile of {tile}: "
            "package it with a smaller halo"
        )
    return Predictor(
        name=description.config.bioimageio.architecture_type or description.name,
        network=unread,
        scale=ours.scale,
        tile=tile,
        halo=halo,
        target=ours.target,
        smoothing_px=ours.smoothed_bicubic_sigma_px,
        domain=ours.domain,
    )
