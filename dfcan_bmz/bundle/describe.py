"""The description of a bundle (``rdf.yaml``), as the spec, bioimageio.core, deepImageJ and ilastik all read it.

A scale factor s is told by input ``scale: s * s`` and output ``scale: s``: the spec computes output sizes as
``in * in.scale / out.scale``, deepImageJ's engine as ``in * out.scale``, and both come to s times the input.
"""

import re
from math import lcm
from pathlib import Path
from typing import Any

from bioimageio.spec import ValidationContext, dump_description
from bioimageio.spec.model import v0_5

from dfcan_bmz.bundle.evaluations import Evaluation
from dfcan_bmz.bundle.recipe import Dataset, SizedRecipe
from dfcan_bmz.config import Config
from dfcan_bmz.data.pairs import frames_asked
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.export import FILE_NAMES
from dfcan_bmz.losses import describe_loss
from dfcan_bmz.models import describe_model, reach
from dfcan_bmz.normalize import EPS, HIGH_PERCENTILE, LOW_PERCENTILE
from dfcan_bmz.run_folder import Row, best_row
from dfcan_bmz.tiling import automatic_halo

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


def output_halo(recipe: SizedRecipe, config: Config) -> int:
    """Halo in output pixels that a recipe means for a network.

    Raises
    ------
    DfcanError
        If the recipe's halo is no multiple of lcm(2, s) or leaves nothing of the tile.
    """
    s = config.model.scale
    if recipe.halo == "auto":
        return automatic_halo(recipe.tile, reach(config.model), s)
    if recipe.halo < 1 or recipe.halo % lcm(2, s) or 2 * recipe.halo >= recipe.tile * s:
        raise DfcanError(
            f"recipe: halo is {recipe.halo}: give a multiple of {lcm(2, s)} (output pixels) below half of the "
            f"{recipe.tile * s} px of an output tile, or auto"
        )
    return recipe.halo


def describe(
    folder: Path,
    recipe: SizedRecipe,
    config: Config,
    provenance: dict[str, Any],
    history: list[Row],
    evaluations: list[Evaluation],
    weights: dict[str, dict[str, Any]],
    tolerance: float,
) -> dict[str, Any]:
    """Describe the files of a staging folder.

    Parameters
    ----------
    folder : pathlib.Path
        Holds README, cover and pictures, test and sample tensors, and the files of `weights`.
    recipe, config, provenance, history, evaluations
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
    covers = [COVER, *(picture_name(evaluation) for evaluation in evaluations if evaluation.worst)]
    try:
        with ValidationContext(root=folder, perform_io_checks=True):
            description = v0_5.ModelDescr(
                name=recipe.name,
                description=recipe.description,
                authors=[
                    v0_5.Author(**person.model_dump(exclude_none=True, exclude={"github_user"}))
                    for person in recipe.authors
                ],
                license=recipe.license,
                cite=[v0_5.CiteEntry(**entry.model_dump(exclude_none=True)) for entry in recipe.cite],
                tags=recipe.tags,
                documentation=v0_5.FileDescr(source=README),
                covers=[v0_5.FileDescr(source=name) for name in covers],
                timestamp=provenance["started"],
                inputs=[_input(recipe, config)],
                outputs=[_output(recipe, config)],
                weights=_weights(weights),
                **_optional(recipe),
                config=_config(recipe, config, provenance, history, evaluations, tolerance),
            )
            content = dump_description(description)
    except ValueError as error:
        reason = " ".join(" ".join(str(error).splitlines()[1:3]).split())
        raise DfcanError(f"recipe: the spec refuses it ({reason[:300]}): correct the recipe") from error
    for tensor, steps in ((content["inputs"][0], "preprocessing"), (content["outputs"][0], "postprocessing")):
        # the spec adds steps that deepImageJ does not know, and adds them again when it loads the description
        tensor[steps] = [step for step in tensor[steps] if step["id"] != "ensure_dtype"]
    # people enter as they are: the spec asks the network for each github_user, here there may be none
    people = {
        role: [person.model_dump(exclude_none=True) for person in getattr(recipe, role)]
        for role in ("authors", "maintainers")
    }
    # ilastik, JDLL and QuPath want plain file names where newer specs write {source, sha256}
    return content | people | {"format_version": FORMAT_VERSION, "documentation": README, "covers": covers}


def picture_name(evaluation: Evaluation) -> str:
    """File of a bundle that shows the worst image of an evaluation."""
    return f"worst_{_plain(evaluation.name)}.png"


def _plain(name: str) -> str:
    """A name that links in Markdown and, in lower case, identifiers of the spec may have."""
    return re.sub("[^A-Za-z0-9_.-]", "-", name)


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


def _input(recipe: SizedRecipe, config: Config) -> v0_5.InputTensorDescr:
    s = config.model.scale
    enlarged = recipe.same_size
    names, axes = channel_names(config), ["y", "x"]
    if len(names) > 1:  # one pair of percentiles for all frames
        axes = ["channel", *axes]
    kwargs = v0_5.ScaleRangeKwargs(axes=axes, min_percentile=LOW_PERCENTILE, max_percentile=HIGH_PERCENTILE, eps=EPS)
    return v0_5.InputTensorDescr(
        id="input",
        description=INPUTS[recipe.input].format(s=s, frames=f", {len(names)} frames" if len(names) > 1 else ""),
        axes=[
            v0_5.BatchAxis(),
            *(
                v0_5.SpaceInputAxis(id=axis, size=recipe.tile * (s if enlarged else 1), scale=1 if enlarged else s * s)
                for axis in "yx"
            ),
            v0_5.ChannelAxis(channel_names=names),
        ],
        data=v0_5.IntervalOrRatioDataDescr(type="float32"),
        preprocessing=[] if recipe.input == "prepared" else [v0_5.ScaleRangeDescr(kwargs=kwargs)],
        test_tensor=v0_5.FileDescr(source=TEST_INPUT),
        sample_tensor=v0_5.FileDescr(source=SAMPLE_INPUT),
    )


def _output(recipe: SizedRecipe, config: Config) -> v0_5.OutputTensorDescr:
    s, halo = config.model.scale, output_halo(recipe, config)
    enlarged = recipe.same_size
    return v0_5.OutputTensorDescr(
        id="output",
        description=f"Image with {s} x the pixels of the low-resolution image a side, intensities in [0, 1]",
        axes=[
            v0_5.BatchAxis(),
            *(
                v0_5.SpaceOutputAxisWithHalo(
                    id=axis,
                    scale=1 if enlarged else s,
                    halo=halo,
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


def _weights(weights: dict[str, dict[str, Any]]) -> v0_5.WeightsDescr:
    entries = {
        "keras_v3": v0_5.KerasV3WeightsDescr,
        "tensorflow_saved_model_bundle": v0_5.TensorflowSavedModelBundleWeightsDescr,
        "torchscript": v0_5.TorchscriptWeightsDescr,
        "onnx": v0_5.OnnxWeightsDescr,
    }
    parent = {name: {} if name == "keras_v3" else {"parent": "keras_v3"} for name in weights}
    return v0_5.WeightsDescr(
        **{
            name: entries[name](source=FILE_NAMES[name], **parent[name], **versions)
            for name, versions in weights.items()
        }
    )


def _config(
    recipe: SizedRecipe,
    config: Config,
    provenance: dict[str, Any],
    history: list[Row],
    evaluations: list[Evaluation],
    tolerance: float,
) -> v0_5.Config:
    train, model, hardware = config.train, config.model, provenance["hardware"]
    hours = round(sum(row["seconds"] for row in history) / 3600, 4)
    # only what is known: the zoo counts the keys that are given
    imaged = {"modality": recipe.modality, "target_structure": recipe.target_structure}
    card = v0_5.BioimageioConfig(
        **{key: value for key, value in imaged.items() if value},
        nickname=recipe.nickname,
        architecture_type=model.name.upper(),
        architecture_description=describe_model(model),
        task="super-resolution",
        model_parameter_count=provenance["parameters"],
        out_of_scope_use="Counting or measuring what the low-resolution image does not resolve.",
        reproducibility_tolerance=[v0_5.ReproducibilityTolerance(relative_tolerance=0, absolute_tolerance=tolerance)],
        bias_risks_limitations=v0_5.BiasRisksLimitations(
            known_biases="The model has seen the structures, the optics and the noise of its training data only.",
            risks="Plausible detail that is not in the specimen.",
            limitations="Output intensities are in [0, 1] per image, not in the units of the input.",
            recommendations=(
                "Measure it on your own pairs that it has not seen, against bicubic interpolation after a Gaussian of "
                f"{provenance['validation']['smoothed_bicubic_sigma_px']} px."
            ),
        ),
        evaluations=[
            _evaluation(evaluation, dataset)
            for evaluation in evaluations
            if (dataset := recipe.evaluations.get(evaluation.name)) and dataset.source
        ],
        environmental_impact=v0_5.EnvironmentalImpact(
            hardware_type=f"{', '.join(hardware['devices'])} ({hardware['machine']}, {hardware['cpus']} cores)",
            hours_used=hours,
        ),
        training=v0_5.TrainingDetails(
            training_preprocessing=(
                f"Percentiles {LOW_PERCENTILE} and {HIGH_PERCENTILE} to 0 and 1; random patches of "
                f"{config.data.patch_size} px; {', '.join(config.data.augment) or 'no augmentation'}"
                + (f"; targets black below {config.data.background_cut:g}" if config.data.background_cut else "")
            ),
            training_epochs=len(history),
            training_batch_size=train.batch_size,
            initial_learning_rate=train.learning_rate,
            learning_rate_schedule=train.schedule,
            loss_function=describe_loss(train),
            optimizer="Adam",
            training_duration=hours,
        ),
    )
    ours = {
        "input": recipe.input,
        "scale": model.scale,
        "target": config.data.target,
        **({"frames": frames_asked(config)._replace(number=model.inputs)._asdict()} if model.inputs > 1 else {}),
        **provenance["validation"],
        "validation_psnr": round(best_row(history)["val_psnr"], 3),
        "domain": provenance.get("domain"),
    }
    return v0_5.Config(bioimageio=card, dfcan_bmz=ours)


def _evaluation(evaluation: Evaluation, dataset: Dataset) -> v0_5.Evaluation:
    """The chief protocol's figures, methods as columns."""
    chief = [row for row in evaluation.rows if row.protocol == evaluation.rows[0].protocol]
    return v0_5.Evaluation(
        dataset_id=_plain(evaluation.name).lower(),
        dataset_source=dataset.source,
        dataset_role=dataset.role,
        sample_count=evaluation.images,
        evaluation_factors=[row.method[:16] for row in chief],
        evaluation_factors_long=["this model" if row.model else f"{row.method}, without learning" for row in chief],
        metrics=["PSNR", "SSIM"],
        metrics_long=[
            f"{name}, protocol {chief[0].protocol}, mean over fields of view" for name in ("PSNR (dB)", "SSIM")
        ],
        results=[
            [round(row.psnr.mean, 2) for row in chief],
            [round(row.ssim.mean, 3) for row in chief],
        ],
    )
