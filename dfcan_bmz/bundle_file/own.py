"""Descriptions as `dfcan-bmz package` writes them, which are read without bioimageio.spec: its import takes a second.

The form is strict: every key that a command reads is there, and a tensor has no others. Any other description, by
others or of a newer format, is for the spec to judge.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Text = Annotated[str, Field(min_length=1)]
# they enter macros and names of files
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_+\- ()]{5,64}$")]
NICKNAME = "[a-z0-9]+(-[a-z0-9]+)+"
Nickname = Annotated[str, Field(pattern=f"^{NICKNAME}$")]
Pixels = Annotated[int, Field(gt=0)]
Factor = Annotated[float, Field(gt=0)]


class _Whole(BaseModel):
    """A mapping with these keys and no others."""

    model_config = ConfigDict(strict=True, extra="forbid")


class _Part(BaseModel):
    """A mapping with these keys among others."""

    model_config = ConfigDict(strict=True)


class _File(_Part):
    source: Annotated[str, Field(pattern=r"^[\w.-]+$")]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _SizeOfInput(_Whole):
    tensor_id: Text
    axis_id: Text


class _Axis(_Whole):
    type: Literal["batch", "space", "channel"]
    id: Text = "-"
    size: Pixels | _SizeOfInput | None = None
    scale: Factor = 1
    halo: Pixels | None = None
    channel_names: list[Text] | None = None


class _Step(_Whole):
    id: Text
    kwargs: dict[str, Any]


class _Tensor(_Whole):
    id: Text
    description: str
    axes: Annotated[list[_Axis], Field(min_length=4, max_length=4)]
    data: dict[str, Any]
    preprocessing: list[_Step] = []
    postprocessing: list[_Step] = []
    test_tensor: _File
    sample_tensor: _File


class _Author(_Part):
    name: Text
    github_user: Text | None = None


class _Maintainer(_Part):
    github_user: Text


class _Citation(_Part):
    text: Text
    doi: Text | None = None
    url: Text | None = None


class _Tolerance(_Whole):
    absolute_tolerance: float
    relative_tolerance: float


class _Card(_Part):
    nickname: Nickname
    architecture_type: Text
    reproducibility_tolerance: Annotated[list[_Tolerance], Field(min_length=1)]


class _Config(_Part):
    bioimageio: _Card
    dfcan_bmz: dict[str, Any]
    deepimagej: dict[str, Any] = {}


class _Description(_Part):
    format_version: Annotated[str, Field(pattern=r"^0\.5\.[0-9]$")]
    type: Literal["model"]
    name: Name
    description: Text
    covers: Annotated[list[Text], Field(min_length=1)]
    documentation: Text
    authors: Annotated[list[_Author], Field(min_length=1)]
    maintainers: list[_Maintainer] = []
    cite: Annotated[list[_Citation], Field(min_length=1)]
    license: Text
    tags: Annotated[list[Text], Field(min_length=1)]
    inputs: Annotated[list[_Tensor], Field(min_length=1, max_length=1)]
    outputs: Annotated[list[_Tensor], Field(min_length=1, max_length=1)]
    weights: Annotated[dict[str, _File], Field(min_length=1)]
    config: _Config


def is_own(content: dict[str, Any]) -> bool:
    """Whether an ``rdf.yaml`` has the form that `dfcan-bmz package` gives it."""
    try:
        _Description.model_validate(content)
    except ValidationError:
        return False
    return True
