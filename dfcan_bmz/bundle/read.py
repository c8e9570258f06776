"""From a bundle to a callable."""

import importlib
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import bioimageio.spec
import httpx
from bioimageio.spec.model import v0_4, v0_5
from bioimageio.spec.summary import ErrorEntry
from pydantic import BaseModel, ValidationError

from dfcan_bmz.bundle.raw import description_name, raw_description, refuse_files_elsewhere, refuse_other_files
from dfcan_bmz.bundle.zip_safety import refuse_unsafe_zip
from dfcan_bmz.engines import Network
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.export import FILE_NAMES, missing_extra
from dfcan_bmz.files import sha256
from dfcan_bmz.normalize import HIGH_PERCENTILE, LOW_PERCENTILE
from dfcan_bmz.prediction.tiles import Predictor

AnyDescription = bioimageio.spec.ResourceDescr | bioimageio.spec.InvalidDescr
ModelDescription = v0_4.ModelDescr | v0_5.ModelDescr


def open_description(bundle: Path) -> ModelDescription:
    """Read and validate the description of a bundle, format 0.4 or 0.5, hashes of its files included.

    Raises
    ------
    DfcanError
        If the file is no bundle, or its description is not valid.
    """
    refuse_other_files(bundle)
    refuse_unsafe_zip(str(bundle), str(bundle))
    refuse_files_elsewhere(bundle)
    try:
        description = bioimageio.spec.load_description(bundle, perform_io_checks=True)
    except Exception as error:
        # the spec reports what a description says wrong, but raises whatever its YAML reader raises
        reason = " ".join(str(error).split())
        raise DfcanError(f"{bundle} has an unreadable rdf.yaml ({reason}): package it again") from error
    if any(_is_of_the_network(error) for error in _errors(description)):
        description = _load_offline(bundle)
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


def _is_of_the_network(error: ErrorEntry) -> bool:
    """Whether the spec could not ask the network: no connection, or a proxy that refuses."""
    kind = getattr(httpx, error.type, None)
    return isinstance(kind, type) and issubclass(kind, httpx.TransportError)


def _load_offline(bundle: Path) -> AnyDescription:
    """Load without the maintainers, whose github_user the spec can only verify with a network."""
    archive = zipfile.ZipFile(bundle)  # stays open: the description reads its files from it later
    content, names = raw_description(bundle)
    content.pop("maintainers", None)
    for author in content.get("authors", []):
        author.pop("github_user", None)
    context = bioimageio.spec.ValidationContext(root=archive, file_name=description_name(names), perform_io_checks=True)
    return bioimageio.spec.build_description(content, context=context)


class Processing(BaseModel):
    """What `dfcan-bmz package` recorded for prediction."""

    input: Literal["low-resolution", "enlarged"]
    scale: Literal[2, 3, 4]
    target: Literal["own", "input"]
    smoothed_bicubic_sigma_px: float
    domain: dict[str, Any] | None = None  # bundles of older versions have none

    @property
    def step(self) -> int:
        """Every how many pixels of the bundle's input a pixel of the LR image stands: 1, or s where it is enlarged."""
        return self.scale if self.input == "enlarged" else 1


def processing(description: ModelDescription) -> Processing | None:
    """What `dfcan-bmz package` recorded; None for bundles by others, which may process differently."""
    if isinstance(description, v0_4.ModelDescr) or len(description.inputs) != 1:
        return None
    try:
        ours = Processing.model_validate((description.config.model_extra or {}).get("dfcan_bmz"))
    except ValidationError:
        return None
    expected = {"min_percentile": LOW_PERCENTILE, "max_percentile": HIGH_PERCENTILE}
    steps = [step for step in description.inputs[0].preprocessing if step.id != "ensure_dtype"]
    known = [step.id for step in steps] == ["scale_range"] and all(
        steps[0].kwargs[key] == value for key, value in expected.items()
    )
    return ours if known and description.config.bioimageio.reproducibility_tolerance else None


def weights_file(description: ModelDescription, name: str, folder: Path) -> Path:
    """Copy the weights of one format out of a bundle."""
    path = folder / FILE_NAMES[name]
    with path.open("wb") as file:
        shutil.copyfileobj(getattr(description.weights, name).get_reader(), file)
    return path


def load_network(name: str, path: Path) -> Network:
    """Load weights in this project's engine for their format.

    Raises
    ------
    DfcanError
        If the engine cannot load them.
    """
    try:
        return importlib.import_module(f"dfcan_bmz.engines.{name}").load(path)
    except DfcanError:
        raise
    except Exception as error:
        # every engine has its own ways to fail
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DfcanError(f"the {name} weights cannot be loaded ({reason[:200]}): package the model again") from error


def read_bundle(bundle: Path, engine: str = "auto", precision: str = "float32") -> Predictor:
    """Load a bundle for prediction, by the first of its formats that this version runs.

    Keras weights run in the engine and precision of `dfcan_bmz.engines.fastest`.

    Raises
    ------
    DfcanError
        If it is no bundle, or none of `dfcan-bmz package`.
    """
    description = open_description(bundle)
    if processing(description) is None:
        raise DfcanError(f"{bundle} was not written by `dfcan-bmz package`: run it with `bioimageio predict`")
    formats = [
        name for name in FILE_NAMES if getattr(description.weights, name) is not None and not missing_extra(name)
    ]
    if not formats:
        raise DfcanError(
            f"{bundle} has no weights for an engine that is installed: pip install 'dfcan-bmz[onnx,torch]'"
        )
    if formats[0] == "keras_v3":
        # Keras takes seconds to import, and a check of other formats runs without it
        from dfcan_bmz.engines import fastest

        def load(_: str, path: Path) -> Network:
            onnx = weights_file(description, "onnx", path.parent) if "onnx" in formats else None
            return fastest.load(path, engine, precision, onnx)

        opened = predictor(description, formats[0], load)
    elif (engine, precision) == ("auto", "float32"):
        opened = predictor(description, formats[0])
    else:
        raise DfcanError(f"{bundle} has no Keras weights: leave --engine and --precision at their defaults")
    return opened._replace(sha256=sha256(bundle))


def predictor(
    description: v0_5.ModelDescr, name: str, load: Callable[[str, Path], Network] = load_network
) -> Predictor:
    """Load one format of a bundle by `dfcan-bmz package` in this project's engine for it.

    The predictor takes LR images, also where the bundle itself takes them enlarged.
    """
    ours = processing(description)
    s, step = ours.scale, ours.step
    axes = {axis.id: axis for axis in description.inputs[0].axes}
    halo = next(axis.halo for axis in description.outputs[0].axes if axis.id == "y")
    with tempfile.TemporaryDirectory() as folder:
        network = load(name, weights_file(description, name, Path(folder)))
    return Predictor(
        name=description.config.bioimageio.architecture_type or description.name,
        network=network if step == 1 else lambda batch: network(batch.repeat(step, 1).repeat(step, 2)),
        scale=s,
        tile=axes["y"].size // step,
        halo=halo // s,
        target=ours.target,
        smoothing_px=ours.smoothed_bicubic_sigma_px,
        domain=ours.domain,
    )
