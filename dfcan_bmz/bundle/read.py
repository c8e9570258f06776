"""From a bundle to a callable."""

import importlib
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bioimageio.spec
import yaml
from bioimageio.spec.model import v0_4, v0_5
from bioimageio.spec.summary import ErrorEntry

from dfcan_bmz.bundle.zip_safety import refuse_unsafe_zip
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.export import FILE_NAMES, missing_extra
from dfcan_bmz.normalize import HIGH_PERCENTILE, LOW_PERCENTILE
from dfcan_bmz.prediction.tiles import Predictor

AnyDescription = bioimageio.spec.ResourceDescr | bioimageio.spec.InvalidDescr
ModelDescription = v0_4.ModelDescr | v0_5.ModelDescr
DESCRIPTIONS = {"rdf.yaml", "bioimageio.yaml"}


def refuse_other_files(bundle: Path) -> None:
    """Raise DfcanError if a file is no zip or holds no ``rdf.yaml``."""
    if not zipfile.is_zipfile(bundle):
        raise DfcanError(f"{bundle} is no bundle (no zip file): give a .zip written by `dfcan-bmz package`")
    with zipfile.ZipFile(bundle) as archive:
        if not DESCRIPTIONS & set(archive.namelist()):
            raise DfcanError(f"{bundle} is no bundle (no rdf.yaml in it): give a .zip written by `dfcan-bmz package`")


def raw_description(bundle: Path) -> tuple[dict[str, Any], list[str]]:
    """Content of ``rdf.yaml`` as it is written, and the names in the zip."""
    with zipfile.ZipFile(bundle) as archive:
        names = archive.namelist()
        (file,) = sorted(DESCRIPTIONS & set(names))[-1:]
        return yaml.safe_load(archive.read(file)), names


def open_description(bundle: Path) -> ModelDescription:
    """Read and validate the description of a bundle, format 0.4 or 0.5, hashes of its files included.

    Raises
    ------
    DfcanError
        If the file is no bundle, or its description is not valid.
    """
    refuse_other_files(bundle)
    refuse_unsafe_zip(str(bundle), str(bundle))
    _refuse_missing_files(bundle)
    try:
        description = bioimageio.spec.load_description(bundle, perform_io_checks=True)
    except Exception as error:
        # the spec reports what a description says wrong, but raises whatever its YAML reader raises
        reason = " ".join(str(error).split())
        raise DfcanError(f"{bundle} has an unreadable rdf.yaml ({reason}): package it again") from error
    if any(error.type == "ConnectError" for error in _errors(description)):
        description = _load_offline(bundle)
    if isinstance(description, ModelDescription):
        return description
    errors = _errors(description)
    reason = "; ".join(
        f"{'.'.join(map(str, error.loc))}: {error.msg.removeprefix('Value error, ')}".splitlines()[0]
        for error in errors[:3]
    )
    raise DfcanError(f"{bundle} has no valid model description ({reason or description.type}): package it again")


def _refuse_missing_files(bundle: Path) -> None:
    """Name the files that a description speaks of and the zip lacks: the spec's own words for it name none."""
    try:
        content, names = raw_description(bundle)
    except yaml.YAMLError:
        return  # the spec will say what is wrong
    missing = sorted({name for name in _file_names(content) if name.removeprefix("./") not in names})
    if missing:
        raise DfcanError(f"{bundle} lacks {', '.join(missing)}, which its rdf.yaml names: package it again")


def _file_names(content: Any) -> Iterator[str]:
    """Local files that a description refers to, in any of its sections."""
    if isinstance(content, dict):
        for key, value in content.items():
            named = value if isinstance(value, list) else [value]
            if key in ("source", "documentation", "covers", "test_inputs", "test_outputs"):
                yield from (name for name in named if isinstance(name, str) and "://" not in name and "\n" not in name)
            yield from _file_names(value)
    elif isinstance(content, list):
        for part in content:
            yield from _file_names(part)


def _errors(description: AnyDescription) -> list[ErrorEntry]:
    return [error for detail in description.validation_summary.details for error in detail.errors]


def _load_offline(bundle: Path) -> AnyDescription:
    """Load without the maintainers, whose github_user the spec can only verify with a network."""
    archive = zipfile.ZipFile(bundle)  # stays open: the description reads its files from it later
    content = yaml.safe_load(archive.read("rdf.yaml"))
    content.pop("maintainers", None)
    for author in content.get("authors", []):
        author.pop("github_user", None)
    context = bioimageio.spec.ValidationContext(root=archive, file_name="rdf.yaml", perform_io_checks=True)
    return bioimageio.spec.build_description(content, context=context)


def processing(description: ModelDescription) -> dict[str, Any] | None:
    """What `dfcan-bmz package` recorded for prediction; None for bundles by others, which may process differently."""
    if isinstance(description, v0_4.ModelDescr):
        return None
    ours = (description.config.model_extra or {}).get("dfcan_bmz")
    recorded = {"input", "scale", "target", "smoothed_bicubic_sigma_px"}
    if not isinstance(ours, dict) or not recorded <= ours.keys() or len(description.inputs) != 1:
        return None
    expected = {"min_percentile": LOW_PERCENTILE, "max_percentile": HIGH_PERCENTILE}
    steps = [step for step in description.inputs[0].preprocessing if step.id != "ensure_dtype"]
    known = [step.id for step in steps] == ["scale_range"] and all(
        steps[0].kwargs[key] == value for key, value in expected.items()
    )
    return ours if known else None


def input_step(ours: dict[str, Any]) -> int:
    """Every how many pixels of the bundle's input a pixel of the LR image stands: 1, or s where it is enlarged."""
    return ours["scale"] if ours["input"] == "enlarged" else 1


def weights_file(description: ModelDescription, name: str, folder: Path) -> Path:
    """Copy the weights of one format out of a bundle."""
    path = folder / FILE_NAMES[name]
    with path.open("wb") as file:
        shutil.copyfileobj(getattr(description.weights, name).get_reader(), file)
    return path


def read_bundle(bundle: Path) -> Predictor:
    """Load a bundle for prediction, by the first of its formats that this version runs.

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
    return predictor(description, formats[0])


def predictor(description: v0_5.ModelDescr, name: str) -> Predictor:
    """Load one format of a bundle by `dfcan-bmz package` in this project's engine for it.

    The predictor takes LR images, also where the bundle itself takes them enlarged.
    """
    ours = processing(description)
    s, step = ours["scale"], input_step(ours)
    axes = {axis.id: axis for axis in description.inputs[0].axes}
    halo = next(axis.halo for axis in description.outputs[0].axes if axis.id == "y")
    with tempfile.TemporaryDirectory() as folder:
        engine = importlib.import_module(f"dfcan_bmz.engines.{name}")
        network = engine.load(weights_file(description, name, Path(folder)))
    return Predictor(
        name=description.config.bioimageio.architecture_type or description.name,
        network=network if step == 1 else lambda batch: network(batch.repeat(step, 1).repeat(step, 2)),
        scale=s,
        tile=axes["y"].size // step,
        halo=halo // s,
        target=ours["target"],
        smoothing_px=ours["smoothed_bicubic_sigma_px"],
    )
