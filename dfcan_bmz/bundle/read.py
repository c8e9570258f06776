"""From a bundle to a callable."""

import importlib
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import bioimageio.spec
import yaml
from bioimageio.spec.model import v0_5
from bioimageio.spec.summary import ErrorEntry

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.export import FILE_NAMES, missing_extra
from dfcan_bmz.normalize import HIGH_PERCENTILE, LOW_PERCENTILE
from dfcan_bmz.prediction.tiles import Predictor

AnyDescription = bioimageio.spec.ResourceDescr | bioimageio.spec.InvalidDescr


def refuse_other_files(bundle: Path) -> None:
    """Raise DfcanError if a file is no zip or holds no ``rdf.yaml``."""
    if not zipfile.is_zipfile(bundle):
        raise DfcanError(f"{bundle} is no bundle (no zip file): give a .zip written by `dfcan-bmz package`")
    with zipfile.ZipFile(bundle) as archive:
        if not {"rdf.yaml", "bioimageio.yaml"} & set(archive.namelist()):
            raise DfcanError(f"{bundle} is no bundle (no rdf.yaml in it): give a .zip written by `dfcan-bmz package`")


def open_description(bundle: Path) -> v0_5.ModelDescr:
    """Read and validate the description of a bundle, hashes of its files included.

    Raises
    ------
    DfcanError
        If the file is no bundle, or its description is not valid.
    """
    refuse_other_files(bundle)
    try:
        description = bioimageio.spec.load_description(bundle, perform_io_checks=True)
    except Exception as error:
        # the spec reports what a description says wrong, but raises whatever its YAML reader raises
        reason = " ".join(str(error).split())
        raise DfcanError(f"{bundle} has an unreadable rdf.yaml ({reason}): package it again") from error
    if any(error.type == "ConnectError" for error in _errors(description)):
        description = _load_offline(bundle)
    if isinstance(description, v0_5.ModelDescr):
        return description
    errors = _errors(description)
    reason = "; ".join(f"{'.'.join(map(str, error.loc))}: {error.msg}".splitlines()[0] for error in errors[:3])
    raise DfcanError(f"{bundle} has no valid model description ({reason or description.type}): package it again")


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


def processing(description: v0_5.ModelDescr) -> dict[str, Any] | None:
    """What `dfcan-bmz package` recorded for prediction; None for bundles by others, which may process differently."""
    ours = (description.config.model_extra or {}).get("dfcan_bmz")
    recorded = {"scale", "target", "smoothed_bicubic_sigma_px"}
    if not isinstance(ours, dict) or not recorded <= ours.keys() or len(description.inputs) != 1:
        return None
    expected = {"min_percentile": LOW_PERCENTILE, "max_percentile": HIGH_PERCENTILE}
    steps = [step for step in description.inputs[0].preprocessing if step.id != "ensure_dtype"]
    known = [step.id for step in steps] == ["scale_range"] and all(
        steps[0].kwargs[key] == value for key, value in expected.items()
    )
    return ours if known else None


def weights_file(description: v0_5.ModelDescr, name: str, folder: Path) -> Path:
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
    ours = processing(description)
    if ours is None:
        raise DfcanError(f"{bundle} was not written by `dfcan-bmz package`: run it with `bioimageio predict`")
    formats = [
        name for name in FILE_NAMES if getattr(description.weights, name) is not None and not missing_extra(name)
    ]
    if not formats:
        raise DfcanError(
            f"{bundle} has no weights for an engine that is installed: pip install 'dfcan-bmz[onnx,torch]'"
        )
    axes = {axis.id: axis for axis in description.inputs[0].axes}
    halo = next(axis.halo for axis in description.outputs[0].axes if axis.id == "y")
    with tempfile.TemporaryDirectory() as folder:
        engine = importlib.import_module(f"dfcan_bmz.engines.{formats[0]}")
        network = engine.load(weights_file(description, formats[0], Path(folder)))
    return Predictor(
        name=description.config.bioimageio.architecture_type or description.name,
        network=network,
        scale=ours["scale"],
        tile=axes["y"].size,
        halo=halo // ours["scale"],
        target=ours["target"],
        smoothing_px=ours["smoothed_bicubic_sigma_px"],
    )
