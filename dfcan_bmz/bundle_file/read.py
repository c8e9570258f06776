"""What a bundle says of itself: its description, and what `dfcan-bmz package` recorded there."""

from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, Field, NonNegativeInt, PositiveFloat, PositiveInt, field_validator

from dfcan_bmz.bundle_file.newer_format import in_known_words, is_discrete
from dfcan_bmz.bundle_file.own import Nickname, is_own
from dfcan_bmz.bundle_file.raw import raw_description, refuse_files_elsewhere, refuse_other_files, refuse_swapped_files
from dfcan_bmz.bundle_file.zip_safety import refuse_unsafe_zip
from dfcan_bmz.config import Config
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images import SINGLE, Frames
from dfcan_bmz.normalize import HIGH_PERCENTILE, LOW_PERCENTILE, scaling_of

FORMER_NAMES = {"pytorch_script": "torchscript"}  # of weight formats, in descriptions of format 0.3
DEFAULT_TOLERANCE = 1e-3  # the spec's
LARGEST_SIGMA_PX = 100  # the work of a blur grows with it
PERCENTILES = {"min_percentile": LOW_PERCENTILE, "max_percentile": HIGH_PERCENTILE}


class Processing(BaseModel):
    """What `dfcan-bmz package` recorded for prediction."""

    name: str  # of the network
    input: Literal["low-resolution", "prepared", "enlarged"]
    scale: Literal[2, 3, 4]
    target: Literal["own", "input"]
    smoothed_bicubic_sigma_px: Annotated[float, Field(ge=0, le=LARGEST_SIGMA_PX)]
    tolerance: float  # what engines may differ by, in units of the output
    tile: PositiveInt  # side in pixels of the bundle's input
    halo: NonNegativeInt  # in pixels of its output
    domain: dict[str, Any] | None = None  # bundles of older versions have none
    error_bar: PositiveFloat | None = None  # nor this one, which is known of models whose uncertainty was evaluated
    frames: Frames = SINGLE  # and take one frame
    nickname: Nickname

    @field_validator("frames")
    @classmethod
    def _as_a_training_takes_them(cls, frames: Frames) -> Frames:
        data = {"order": frames.order, "angles": frames.angles}
        Config.model_validate({"model": {"inputs": frames.number}, "data": data})
        return frames

    @property
    def step(self) -> int:
        """Every how many pixels of the bundle's input a pixel of the LR image stands: 1, or s where it is enlarged."""
        return 1 if self.input == "low-resolution" else self.scale

    def unit(self, plane: np.ndarray) -> np.ndarray:
        """What the network sees of the bundle's input: the LR image, normalised; (frames, Y, X) or (Y, X) float32."""
        normalised = plane if self.input == "prepared" else scaling_of(plane).apply(plane)
        return normalised[..., :: self.step, :: self.step]


class Bundle(NamedTuple):
    """A bundle that is safe to open.

    Attributes
    ----------
    path : pathlib.Path
        The ``.zip``.
    content, names : dict, list of str
        Its ``rdf.yaml`` as it is written, and the files in it.
    trusted : bool
        Whether the user knows the author: weights run although they hold what is not listed.
    """

    path: Path
    content: dict[str, Any]
    names: list[str]
    trusted: bool

    @property
    def weights(self) -> dict[str, str]:
        """Files of its weights, by their formats."""
        return {
            FORMER_NAMES.get(name, name): entry["source"].removeprefix("./")
            for name, entry in self.content["weights"].items()
            if entry is not None
        }

    @property
    def processing(self) -> Processing | None:
        """What `dfcan-bmz package` recorded; None for bundles by others, which may process differently."""
        return _processing(in_known_words(self.content))

    @property
    def ours(self) -> Processing:
        """Its `processing`; DfcanError if somebody else has written the bundle."""
        processing = self.processing
        if processing is None:
            raise DfcanError(
                f"{self.path} was not written by `dfcan-bmz package`, so what input it needs is not known here: run it "
                "with `bioimageio predict`, or install it in deepImageJ's own window"
            )
        return processing

    @property
    def for_images(self) -> Processing:
        """What `ours` is; DfcanError, too, if it takes images that are prepared or enlarged for ilastik."""
        ours = self.ours
        if ours.input != "low-resolution":
            raise DfcanError(f"{self.path} is a companion for ilastik: give the bundle of the recipe without `input`")
        return ours


def open_bundle(path: Path, trusted: bool = False) -> Bundle:
    """Open a bundle whose description has the form that `dfcan-bmz package` writes, or is valid by the spec.

    Parameters and errors are those of `read_bundle`; DfcanError, too, if the description is not valid.
    """
    bundle = read_bundle(path, trusted)
    refuse_invalid(bundle)
    return bundle


def refuse_invalid(bundle: Bundle) -> None:
    """Raise DfcanError if a description neither has the form that is written here nor is valid by the spec."""
    if not is_own(bundle.content):
        from dfcan_bmz.bundle_file.validation import validated  # slow to import, and rarely needed

        validated(bundle)


def read_bundle(path: Path, trusted: bool = False) -> Bundle:
    """Read a bundle that is safe to open; nobody has looked yet at whether its description is valid.

    Parameters
    ----------
    path : pathlib.Path
        The ``.zip``; nothing outside of it is read.
    trusted : bool
        Whether the user knows the author.

    Raises
    ------
    DfcanError
        If the file is no bundle, not safe, or lacks files that it names or has others in their place.
    """
    refuse_other_files(path)
    refuse_unsafe_zip(str(path), str(path))
    content, names = raw_description(path)
    refuse_files_elsewhere(path, content, names)
    refuse_swapped_files(path, content)
    return Bundle(path, content, names, trusted)


def _processing(content: dict[str, Any]) -> Processing | None:
    try:
        [source], [output] = content["inputs"], content["outputs"]
        card, recorded = content["config"]["bioimageio"], content["config"]["dfcan_bmz"]
        tolerances = [entry for entry in card["reproducibility_tolerance"] if not is_discrete(entry)]
        steps = [step for step in source.get("preprocessing", []) if step["id"] != "ensure_dtype"]
        ours = Processing.model_validate(
            recorded
            | {
                "name": card.get("architecture_type") or content["name"],
                "nickname": card["nickname"],
                "tolerance": tolerances[0].get("absolute_tolerance", DEFAULT_TOLERANCE),
                "tile": _along_y(source)["size"],
                "halo": _along_y(output).get("halo", 0),
            }
        )
        kinds = [step["id"] for step in steps]
        normalises = kinds == ["scale_range"] and PERCENTILES.items() <= steps[0]["kwargs"].items()
    except (LookupError, TypeError, ValueError, AttributeError, StopIteration):  # it has another form
        return None
    known = not steps if ours.input == "prepared" else normalises
    return ours if known else None


def _along_y(tensor: dict[str, Any]) -> dict[str, Any]:
    return next(axis for axis in tensor["axes"] if axis.get("id") == "y")
