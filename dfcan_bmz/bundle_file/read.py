"""What a bundle says of itself: its description, and what `dfcan-bmz package` recorded there."""

import copy
import zipfile
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import bioimageio.spec
import numpy as np
from bioimageio.spec.model import v0_4, v0_5
from pydantic import BaseModel, ValidationError

from dfcan_bmz.bundle_file.newer_format import in_known_words, is_discrete
from dfcan_bmz.bundle_file.raw import description_name, raw_description, refuse_files_elsewhere, refuse_other_files
from dfcan_bmz.bundle_file.zip_safety import refuse_unsafe_zip
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images import SINGLE, Frames
from dfcan_bmz.normalize import HIGH_PERCENTILE, LOW_PERCENTILE, scaling_of

ModelDescription: TypeAlias = v0_4.ModelDescr | v0_5.ModelDescr
AnyDescription: TypeAlias = bioimageio.spec.ResourceDescr | bioimageio.spec.InvalidDescr


class Processing(BaseModel):
    """What `dfcan-bmz package` recorded for prediction."""

    input: Literal["low-resolution", "prepared", "enlarged"]
    scale: Literal[2, 3, 4]
    target: Literal["own", "input"]
    smoothed_bicubic_sigma_px: float
    tolerance: float  # what engines may differ by, in units of the output
    domain: dict[str, Any] | None = None  # bundles of older versions have none
    frames: Frames = SINGLE  # and take one frame

    @property
    def step(self) -> int:
        """Every how many pixels of the bundle's input a pixel of the LR image stands: 1, or s where it is enlarged."""
        return 1 if self.input == "low-resolution" else self.scale

    def unit(self, plane: np.ndarray) -> np.ndarray:
        """What the network sees of the bundle's input: the LR image, normalised; (frames, Y, X) or (Y, X) float32."""
        normalised = plane if self.input == "prepared" else scaling_of(plane).apply(plane)
        return normalised[..., :: self.step, :: self.step]


class Bundle(NamedTuple):
    """A bundle that is safe to open and has a valid description.

    Attributes
    ----------
    path : pathlib.Path
        The ``.zip``.
    content, names : dict, list of str
        Its ``rdf.yaml`` as it is written, and the files in it.
    description : ModelDescription
        What the spec makes of it; files that it names are read when they are asked for.
    processing : Processing or None
        What `dfcan-bmz package` recorded; None for bundles by others, which may process differently.
    trusted : bool
        Whether the user knows the author: weights run although they hold what is not listed.
    """

    path: Path
    content: dict[str, Any]
    names: list[str]
    description: ModelDescription
    processing: Processing | None
    trusted: bool

    @property
    def ours(self) -> Processing:
        """Its `processing`; DfcanError if somebody else has written the bundle."""
        if self.processing is None:
            raise DfcanError(f"{self.path} was not written by `dfcan-bmz package`: run it with `bioimageio predict`")
        return self.processing


def open_bundle(path: Path, online: bool = False, trusted: bool = False) -> Bundle:
    """Open a bundle and validate its description, format 0.4 or 0.5, hashes of its files included.

    Parameters
    ----------
    path : pathlib.Path
        The ``.zip``; nothing outside of it is read.
    online : bool
        Whether to ask the network, as the zoo does, if the addresses and GitHub users that it names exist.
    trusted : bool
        Whether the user knows the author.

    Raises
    ------
    DfcanError
        If the file is no bundle, or its description is not valid.
    """
    refuse_other_files(path)
    refuse_unsafe_zip(str(path), str(path))
    content, names = raw_description(path)
    refuse_files_elsewhere(path, content, names)
    try:
        description = _load(path, content, names, online)
    except Exception as error:
        # the spec reports what a description says wrong, and raises whatever it had not thought of
        reason = " ".join(str(error).split())
        raise DfcanError(f"{path} has an unreadable rdf.yaml ({reason}): package it again") from error
    if isinstance(description, ModelDescription):
        return Bundle(path, content, names, description, _processing(description), trusted)
    errors = [error for detail in description.validation_summary.details for error in detail.errors]
    reason = "; ".join(
        f"{'.'.join(map(str, error.loc))}: {error.msg.removeprefix('Value error, ')}".splitlines()[0]
        for error in errors[:3]
    )
    raise DfcanError(f"{path} has no valid model description ({reason or description.type}): package it again")


class _Offline(dict):
    """Files that the spec takes for known: every address, so that it asks for none."""

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or str(key).startswith(("http://", "https://"))


def _load(path: Path, content: dict[str, Any], names: list[str], online: bool) -> AnyDescription:
    archive = zipfile.ZipFile(path)  # stays open: the description reads its files from it later
    if not online:  # the spec asks GitHub for every user, known files or not
        content = copy.deepcopy(content)
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


def _processing(description: ModelDescription) -> Processing | None:
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


def tolerance(description: v0_5.ModelDescr) -> float | None:
    """What a bundle allows engines to differ by, in units of the output; None where it says nothing of it."""
    entries = description.config.bioimageio.reproducibility_tolerance
    return next((entry.absolute_tolerance for entry in entries if not is_discrete(entry)), None)
