"""What the BioImage Model Zoo will say of a bundle, before it is uploaded.

The rules are those of the repository bioimage-io/collection in 2026: bioimageio.spec's warnings and completeness score;
the tests of bioimageio.core, deepImageJ and ilastik; and the score that adds them up, by which the site orders models.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dfcan_bmz.bundle import jdll
from dfcan_bmz.bundle.formats import fiji_complaint
from dfcan_bmz.bundle.jdll_engines import choose_engine
from dfcan_bmz.bundle.objections import ZOO, complaints, not_uploadable
from dfcan_bmz.bundle.verdict import CORE, FAILED, FIJI, NOT_RUN, OWN, PASSED, SPEC, Verdict, passed_unless
from dfcan_bmz.bundle_file.read import Bundle, read_bundle
from dfcan_bmz.bundle_file.validation import ModelDescription, validated
from dfcan_bmz.bundle_file.weights import load_network
from dfcan_bmz.errors import DfcanError

COMPLETENESS, SCORE = "metadata completeness", "score"
# |deepImageJ - test tensor| <= ABSOLUTE + RELATIVE |test tensor|, without the halo
ABSOLUTE, RELATIVE = 1.5e-4, 1e-4
# keys that count, and what a person writes for them
WRITABLE = {
    "config.bioimageio.modality": "modality in the recipe",
    "config.bioimageio.target_structure": "target_structure in the recipe",
    "git_repo": "git_repo in the recipe",
    "weights.onnx": "onnx among the recipe's formats",
    "weights.torchscript": "torchscript among the recipe's formats",
}


def forecast(path: Path, verdicts: list[Verdict]) -> list[Verdict]:
    """Predict the collection's verdict; asks the network whether the addresses and users that it names exist.

    Parameters
    ----------
    path : pathlib.Path
        A ``.zip``, format 0.4 or 0.5.
    verdicts : list of Verdict
        What `check` has found.

    Returns
    -------
    list of Verdict
        All of the format "zoo": errors, alerts, warnings, the tests of three programs, the completeness of the metadata
        (figure: 0..1, message: what would raise it), and the overall score (figure: 0..1).
    """
    try:
        bundle = read_bundle(path, trusted=True)  # `check` has run what was to be run
        description = validated(bundle, online=True)
    except DfcanError as error:
        return [
            Verdict(ZOO, SPEC, "errors", FAILED, message=str(error)),
            Verdict(ZOO, "collection", SCORE, FAILED, 0.0, "no score without a valid description"),
        ]
    reproduced = [v.format for v in verdicts if (v.engine, v.test, v.verdict) == (CORE, "test tensor", PASSED)]
    core = Verdict(ZOO, CORE, "a format reproduces the test tensor", PASSED, message=", ".join(reproduced))
    if not reproduced:
        core = replace(core, verdict=FAILED, message="none does: see the formats")
    fiji, ilastik = _deepimagej(bundle, description, reproduced), _ilastik(bundle.content, core)
    share: float = description.validation_summary.metadata_completeness
    tests = [Verdict(ZOO, SPEC, "errors", PASSED), *complaints(bundle, description), core, fiji, ilastik]
    tools = [float(test.verdict == PASSED) for test in (fiji, ilastik)]
    # of five partners the best three count; the other three do not run such models
    overall = (1 + share + float(core.verdict == PASSED) + sum(tools) / 3) / 4
    score = Verdict(
        ZOO, "collection", SCORE, PASSED, overall, "a quarter each: format, completeness, core, partners (best 3 of 5)"
    )
    uploadable = passed_unless("; ".join(not_uploadable(bundle.content)), ZOO, OWN, "can be uploaded")
    return [*tests, uploadable, _completeness(description, share), score]


def _deepimagej(bundle: Bundle, description: ModelDescription, reproduced: list[str]) -> Verdict:
    """The collection's test of deepImageJ: the sample image in one tile, without halo, against the test tensor."""
    content = bundle.content
    row = Verdict(ZOO, FIJI, "the collection's test", NOT_RUN)
    if not content["format_version"].startswith("0.5") or len(content["inputs"]) != 1:
        return replace(row, message="emulated for one input of format 0.5 only")
    if not reproduced or choose_engine(content["weights"]) is None:
        return replace(row, verdict=FAILED, message="no weights that deepImageJ runs")
    if complaint := fiji_complaint(content["weights"]):
        return replace(row, verdict=FAILED, message=complaint)
    without_halo = content | {
        "outputs": [
            tensor | {"axes": [{key: value for key, value in axis.items() if key != "halo"} for axis in tensor["axes"]]}
            for tensor in content["outputs"]
        ]
    }
    image = description.get_input_test_arrays()[0]
    expected = description.get_output_test_arrays()[0]
    if image.shape[0] != 1 or image.shape[-1] != 1 or not image.ndim == expected.ndim == 4:
        return replace(row, message="emulated for one grey-level image only")
    try:
        output = jdll.predict(without_halo, load_network(bundle, reproduced[0]), image[0, :, :, 0])
    except (DfcanError, LookupError, ValueError) as error:  # axes in an order that is not emulated
        return replace(row, message=str(error))
    expected = expected[0, :, :, 0]
    if output.shape != expected.shape:
        return replace(row, verdict=FAILED, message=f"gives {output.shape}, the test tensor is {expected.shape}")
    difference = np.abs(output - expected)
    beyond = float((difference > ABSOLUTE + RELATIVE * np.abs(expected)).mean())
    message = f"{beyond:.0%} of the pixels differ by more than it tolerates: package the model again" if beyond else ""
    return passed_unless(message, ZOO, FIJI, row.test, float(difference.max()))


def _ilastik(content: dict[str, Any], core: Verdict) -> Verdict:
    """The collection's test of ilastik asks for one input, one output and a format that reproduces the test tensor."""
    single = len(content["inputs"]) == len(content["outputs"]) == 1
    message = "" if single else "more than one input or output"
    return Verdict(ZOO, "ilastik", "the collection's test", core.verdict if single else FAILED, message=message)


def _completeness(description: ModelDescription, share: float) -> Verdict:
    """Share of all keys of a description that are given, as bioimageio.spec counts it."""
    given = set(_keys(description.model_dump(mode="json", exclude_unset=True)))
    full = set(_keys(description.model_dump(mode="json")))
    wanted = [(key, text) for key, text in WRITABLE.items() if key in full - given]
    message = "to raise it by {:.1%} each: {}".format(1 / len(full), ", ".join(text for _, text in wanted))
    others = len(full - given) - len(wanted)
    rest = f"{others} more keys are not for a model like this, or not known here"
    return Verdict(ZOO, SPEC, COMPLETENESS, PASSED, share, f"{message}; {rest}" if wanted else rest)


def _keys(content: dict[str, Any], parent: str = "") -> Iterator[str]:
    for key, value in content.items():
        path = f"{parent}.{key}" if parent else key
        yield path
        if isinstance(value, dict):
            yield from _keys(value, path)
