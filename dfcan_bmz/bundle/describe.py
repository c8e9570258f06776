"""The description of a bundle (``rdf.yaml``), as the spec, bioimageio.core, deepImageJ and ilastik all read it.

A scale factor s is told by input ``scale: s * s`` and output ``scale: s``: the spec computes output sizes as
``in * in.scale / out.scale``, deepImageJ's engine as ``in * out.scale``, and both come to s times the input.
"""

from pathlib import Path
from typing import Any

from bioimageio.spec import ValidationContext, dump_description
from bioimageio.spec.model import v0_5

from dfcan_bmz.bundle.model_card import model_card
from dfcan_bmz.bundle.recipe import SizedRecipe
from dfcan_bmz.bundle.source import Source
from dfcan_bmz.config import Config
from dfcan_bmz.data.pairs import frames_asked
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.export import FILE_NAMES
from dfcan_bmz.normalize import EPS, HIGH_PERCENTILE, LOW_PERCENTILE

# the newest that ilastik 1.4.2, JDLL and QuPath read; what is described here does not differ from 0.5.12
FORMAT_VERSION = "0.5.9"
TEST_INPUT, TEST_OUTPUT = "test_input.npy", "test_output.npy"
SAMPLE_INPUT, SAMPLE_OUTPUT = "sample_input.tif", "sample_output.tif"
README, COVER = "README.md", "cover.png"
INPUTS = {
    "low-resolution": "Low-resolution image in any units{frames}",
    "prepared": "Low-resolution image as `dfcan-bmz ilastik prepare` writes it: normalised as a whole, enlarged {s} x",
    "enlarged": "Low-resolution image in any units, enlarged {s} x by nearest neighbours",
}


def describe(folder: Path, source: Source, weights: dict[str, dict[str, Any]], tolerance: float) -> dict[str, Any]:
    """Describe the files of a staging folder.

    Parameters
    ----------
    folder : pathlib.Path
        Holds README, cover and pictures, test and sample tensors, and the files of `weights`.
    source : Source
        What a person wrote, and what the run folder records.
    weights : dict of str to dict
        Weight formats and their versions; keras_v3 is the parent of the others.
    tolerance : float
        How far from the test tensor an engine may be, in units of the output (0..1).

    Returns
    -------
    dict
        Content of ``rdf.yaml``.

    Raises
    ------
    DfcanError
        If the spec refuses the recipe's values.
    """
    covers = [COVER, *(name for evaluation in source.evaluations for name in evaluation.pictures)]
    try:
        with ValidationContext(root=folder, perform_io_checks=True):
            content = dump_description(_description(source, weights, covers, tolerance))
    except ValueError as error:
        reason = " ".join(" ".join(str(error).splitlines()[1:3]).split())
        raise DfcanError(f"recipe: the specification rejects it ({reason[:300]}): correct the recipe") from error
    for tensor, steps in ((content["inputs"][0], "preprocessing"), (content["outputs"][0], "postprocessing")):
        # the spec adds steps that deepImageJ does not know, and adds them again when it loads the description
        tensor[steps] = [step for step in tensor[steps] if step["id"] != "ensure_dtype"]
    # people enter as they are: the spec asks the network for each github_user, here there may be none
    people = {
        role: [person.model_dump(exclude_none=True) for person in getattr(source.recipe, role)]
        for role in ("authors", "maintainers")
    }
    # ilastik, JDLL and QuPath want plain file names where newer specs write {source, sha256}
    return content | people | {"format_version": FORMAT_VERSION, "documentation": README, "covers": covers}


def _description(
    source: Source, weights: dict[str, dict[str, Any]], covers: list[str], tolerance: float
) -> v0_5.ModelDescr:
    recipe = source.recipe
    return v0_5.ModelDescr(
        name=recipe.name,
        description=recipe.description,
        authors=[
            v0_5.Author(**person.model_dump(exclude_none=True, exclude={"github_user"})) for person in recipe.authors
        ],
        license=recipe.license,
        cite=[v0_5.CiteEntry(**entry.model_dump(exclude_none=True)) for entry in recipe.cite],
        tags=recipe.tags,
        documentation=v0_5.FileDescr(source=README),
        covers=[v0_5.FileDescr(source=name) for name in covers],
        timestamp=source.provenance["started"],
        inputs=[_input(source)],
        outputs=[_output(source)],
        weights={name: _weights_entry(name, versions) for name, versions in weights.items()},
        **_optional(recipe),
        config=model_card(source, tolerance),
    )


def _optional(recipe: SizedRecipe) -> dict[str, Any]:
    """What is described only if the recipe says it: the zoo counts the keys that are given."""
    given = {key: getattr(recipe, key) for key in ("git_repo", "version", "version_comment")}
    given["parent"] = recipe.parent and v0_5.LinkedModel(id=recipe.parent)
    return {key: value for key, value in given.items() if value}


def channel_names(config: Config) -> list[str]:
    """Names of the channels of the input: by angle and phase where the frames have stripes."""
    number, phases = config.model.inputs, frames_asked(config).phases
    if number == 1:
        return ["intensity"]
    if phases == 1:
        return [f"frame{index + 1}" for index in range(number)]
    return [f"angle{index // phases + 1}_phase{index % phases + 1}" for index in range(number)]


def _input(source: Source) -> v0_5.InputTensorDescr:
    recipe, s = source.recipe, source.config.model.scale
    names, axes = channel_names(source.config), ["y", "x"]
    if len(names) > 1:  # one pair of percentiles for all frames
        axes = ["channel", *axes]
    kwargs = v0_5.ScaleRangeKwargs(axes=axes, min_percentile=LOW_PERCENTILE, max_percentile=HIGH_PERCENTILE, eps=EPS)
    return v0_5.InputTensorDescr(
        id="input",
        description=INPUTS[recipe.input].format(s=s, frames=f", {len(names)} frames" if len(names) > 1 else ""),
        axes=[
            v0_5.BatchAxis(),
            *(
                v0_5.SpaceInputAxis(id=axis, size=recipe.tile * source.enlarged, scale=1 if recipe.same_size else s * s)
                for axis in "yx"
            ),
            v0_5.ChannelAxis(channel_names=names),
        ],
        data=v0_5.IntervalOrRatioDataDescr(type="float32"),
        preprocessing=[] if recipe.input == "prepared" else [v0_5.ScaleRangeDescr(kwargs=kwargs)],
        test_tensor=v0_5.FileDescr(source=TEST_INPUT),
        sample_tensor=v0_5.FileDescr(source=SAMPLE_INPUT),
    )


def _output(source: Source) -> v0_5.OutputTensorDescr:
    s = source.config.model.scale
    return v0_5.OutputTensorDescr(
        id="output",
        description=f"Image with {s} x the pixels of the low-resolution image a side, intensities in [0, 1]",
        axes=[
            v0_5.BatchAxis(),
            *(
                v0_5.SpaceOutputAxisWithHalo(
                    id=axis,
                    scale=s // source.enlarged,
                    halo=source.halo,
                    size=v0_5.SizeReference(tensor_id="input", axis_id=axis),
                )
                for axis in "yx"
            ),
            v0_5.ChannelAxis(channel_names=["intensity"]),
        ],
        data=v0_5.IntervalOrRatioDataDescr(type="float32", range=(0, 1)),
        postprocessing=[v0_5.ClipDescr(kwargs=v0_5.ClipKwargs(min=0.0, max=1.0))],
        test_tensor=v0_5.FileDescr(source=TEST_OUTPUT),
        sample_tensor=v0_5.FileDescr(source=SAMPLE_OUTPUT),
    )


def _weights_entry(name: str, versions: dict[str, Any]) -> dict[str, Any]:
    parent = {} if name == "keras_v3" else {"parent": "keras_v3"}
    return {"source": FILE_NAMES[name], **parent, **versions}
