"""What a bundle says of itself beyond what the run folder knows: a YAML file, written by a person."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator

from dfcan_bmz.bundle_file.own import Name, Nickname
from dfcan_bmz.config import Config
from dfcan_bmz.tiling import automatic_tile
from dfcan_bmz.yaml_files import read_as

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
WeightFormat = Literal["keras_v3", "tensorflow_saved_model_bundle", "torchscript", "onnx"]


def _as_the_spec_has_it(orcid: str) -> str:
    bare = orcid.strip().removeprefix("https://orcid.org/")
    if not re.fullmatch(r"(\d{4}-){3}\d{3}[\dX]", bare):
        raise ValueError("an ORCID is written like 0000-0002-1825-0097")
    return bare


Orcid = Annotated[str, AfterValidator(_as_the_spec_has_it)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Person(_Part):
    """An author."""

    name: Text
    affiliation: str | None = None
    orcid: Orcid | None = None
    github_user: str | None = None


class Maintainer(Person):
    """Who answers questions about the model; the zoo wants at least one."""

    github_user: Text


class Citation(_Part):
    """A publication to cite, with a DOI or a URL."""

    text: Text
    doi: str | None = None
    url: str | None = None


class Dataset(_Part):
    """What the images of an evaluation are; `role` as the zoo has it: "independent" ones are of another source."""

    title: Text
    source: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")] | None = None
    role: Literal["train", "validation", "test", "independent", "unknown"] = "test"


class Recipe(_Part):
    """A recipe.

    Attributes
    ----------
    documentation : str
        Markdown that opens the bundle's README: intended use and limits.
    cover : str
        ``auto`` (LR beside prediction) or the path of a PNG, relative to the recipe.
    tile : int or "auto"
        Side of the tiles in LR pixels, even; auto is 128, or less where a network takes too much memory.
    input : {"low-resolution", "prepared", "enlarged"}
        What the bundle takes: the LR image; for ilastik, what `dfcan-bmz ilastik prepare` makes of it; or the LR image
        enlarged s times by nearest neighbours, which ilastik normalises block by block.
    halo : int or "auto"
        Output pixels cropped from each side of a tile, a multiple of lcm(2, s).
    training_data : str
        Origin, licence and attribution of the training images.
    nickname : str
        Adjective-animal name by which deepImageJ and the zoo refer to the model.
    modality, target_structure, git_repo : str, list of str, str
        What was imaged how, and where the code of the training is; optional, the zoo counts them.
    evaluations : dict of str to Dataset
        What the images of each ``RUN/evaluation/NAME`` are, by that name; the figures come from there.
    version, version_comment : str
        Of the model, as in "1.1.0", and what has changed.
    parent : str
        The zoo's id of the model whose weights this one was fine-tuned from.
    """

    name: Name
    description: Annotated[str, StringConstraints(min_length=1, max_length=512, strip_whitespace=True)]
    authors: list[Person] = Field(min_length=1)
    maintainers: list[Maintainer] = []
    license: Text
    cite: list[Citation] = Field(min_length=1)
    tags: list[Text] = Field(min_length=1)
    documentation: Text
    cover: str = "auto"
    input: Literal["low-resolution", "prepared", "enlarged"] = "low-resolution"
    tile: Annotated[int, Field(ge=16, multiple_of=2)] | Literal["auto"] = "auto"
    halo: int | Literal["auto"] = "auto"
    formats: list[WeightFormat] = Field(["keras_v3", "torchscript", "onnx"], min_length=1)
    training_data: Text
    nickname: Nickname
    modality: Text | None = None
    target_structure: list[Text] = []
    git_repo: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")] | None = None
    evaluations: dict[str, Dataset] = {}
    version: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")] | None = None
    version_comment: Annotated[Text, StringConstraints(max_length=512)] | None = None
    parent: Nickname | None = None

    @property
    def same_size(self) -> bool:
        """Whether the bundle takes an enlarged image and gives one of its size."""
        return self.input != "low-resolution"

    def title(self, evaluation: str) -> str:
        """What an evaluation of this name is called."""
        return self.evaluations[evaluation].title if evaluation in self.evaluations else evaluation

    @field_validator("formats")
    @classmethod
    def _once_each_and_from_keras(cls, formats: list[str], others: ValidationInfo) -> list[str]:
        if len(set(formats)) < len(formats):
            raise ValueError("a format is listed twice")
        if "keras_v3" not in formats:
            raise ValueError("keras_v3, from which the others are made, is missing")
        if others.data.get("input") == "prepared" and "torchscript" not in formats:
            raise ValueError("torchscript, which ilastik runs, is missing for `input: prepared`")
        return formats


class SizedRecipe(Recipe):
    """A recipe whose tile is a number."""

    tile: int


def with_tile(recipe: Recipe, config: Config) -> SizedRecipe:
    """The recipe with a tile for the network of a run, where it has none."""
    tile = recipe.tile
    if not isinstance(tile, int):
        tile = automatic_tile(config.model.scale, config.model.sizes().get("filters") or 1)
    return SizedRecipe.model_construct(**dict(recipe) | {"tile": tile})


def read_recipe(file: Path) -> Recipe:
    """Read a recipe.

    Raises
    ------
    DfcanError
        If it is missing, no YAML, lacks a key or has an unknown one.
    """
    return read_as(Recipe, file)
