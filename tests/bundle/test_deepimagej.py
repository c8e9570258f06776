"""The rules of deepImageJ and ilastik, held against what JDLL 0.6.1 did with test descriptions."""

import copy
import zipfile

import pytest
import yaml

from dfcan_bmz.bundle.deepimagej import lint


@pytest.fixture(scope="module")
def bundle(tiny_bundle):
    with zipfile.ZipFile(tiny_bundle) as archive:
        return yaml.safe_load(archive.read("rdf.yaml")), archive.namelist()


def space_axes(tensor):
    return [axis for axis in tensor["axes"] if axis["type"] == "space"]


def test_our_bundle_keeps_every_rule(bundle):
    assert lint(*bundle) == []


def plain_reading_of_the_spec(content):
    """Scale 1 and 0.5: JDLL halved the image and failed."""
    for axis in space_axes(content["inputs"][0]):
        axis["scale"] = 1
    for axis in space_axes(content["outputs"][0]):
        axis["scale"] = 0.5


def min_66_step_16(content):
    for axis in space_axes(content["inputs"][0]):
        axis["size"] = {"min": 66, "step": 16}


def newest_format(content):
    content["format_version"] = "0.5.12"


def documentation_with_hash(content):
    content["documentation"] = {"source": "README.md", "sha256": "0" * 64}


def no_nickname(content):
    del content["config"]["bioimageio"]["nickname"]


def deepimagej_section(content):
    content["config"]["deepimagej"] = {"postprocessing": []}


def empty_deepimagej_section(content):
    content["config"]["deepimagej"] = None


def ensure_dtype(content):
    content["inputs"][0]["preprocessing"].append({"id": "ensure_dtype", "kwargs": {"dtype": "float32"}})


def clip_without_maximum(content):
    content["outputs"][0]["postprocessing"] = [{"id": "clip", "kwargs": {"min": 0.0}}]


def softmax(content):
    content["outputs"][0]["postprocessing"] = [{"id": "softmax", "kwargs": {"axis": "channel"}}]


def channels_without_names(content):
    del content["inputs"][0]["axes"][-1]["channel_names"]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (plain_reading_of_the_spec, "64 by the spec and 16 in JDLL"),
        (min_66_step_16, "not a multiple of step"),
        (newest_format, "0.5.9 at most"),
        (documentation_with_hash, "plain file names"),
        (no_nickname, "nickname"),
        (deepimagej_section, "allow_tiling"),
        (empty_deepimagej_section, "allow_tiling"),
        (ensure_dtype, "does not know ensure_dtype"),
        (clip_without_maximum, "two bounds"),
        (softmax, "does not know softmax"),
        (channels_without_names, "channel_names"),
    ],
)
def test_a_broken_rule_is_named(bundle, spoil, reason):
    content = copy.deepcopy(bundle[0])
    spoil(content)
    problems = lint(content, bundle[1])
    assert problems
    assert all(reason in problem for problem in problems)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("tile", [64, 128, {"min": 64, "step": 16}])
def test_scale_s_times_s_and_s_satisfies_both_readings(bundle, scale, tile):
    content = copy.deepcopy(bundle[0])
    for axis in space_axes(content["inputs"][0]):
        axis |= {"scale": scale**2, "size": tile}
    for axis in space_axes(content["outputs"][0]):
        axis["scale"] = scale
    assert lint(content, bundle[1]) == []


def test_folders_in_the_zip_are_named(bundle):
    assert lint(bundle[0], ["rdf.yaml", "weights/model.onnx"]) == [
        "weights/model.onnx: folders in the zip are not looked into"
    ]
