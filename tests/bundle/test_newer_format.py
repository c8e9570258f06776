"""Bundles of format 0.5.14, which the pinned spec takes for one of its own; `make test-newest` has the newest spec."""

import json
import zipfile

import numpy as np
import pytest
import yaml
from bundle_files import rewrite

from dfcan_bmz import images
from dfcan_bmz.bundle.deepimagej import lint
from dfcan_bmz.bundle_file.raw import raw_description
from dfcan_bmz.bundle_file.read import open_bundle
from dfcan_bmz.model.loading import of_bundle
from dfcan_bmz.page.write import write_page
from dfcan_bmz.prediction.tiles import predict_plane


def as_it_is(content):
    pass


def axes_in_capitals(content):
    for tensor in (*content["inputs"], *content["outputs"]):
        for axis in tensor["axes"]:
            axis["id"] = {"batch": "batch", "channel": "S"}.get(axis["type"], axis.get("id", "").upper())
            if isinstance(axis.get("size"), dict):
                axis["size"]["axis_id"] = axis["size"]["axis_id"].upper()
    content["inputs"][0]["preprocessing"][0]["kwargs"]["axes"] = ["Y", "X"]


def tolerances_of_kinds_of_outputs(content):
    card = content["config"]["bioimageio"]
    (own,) = card["reproducibility_tolerance"]
    discrete = {"output_ids": "any_discrete_output", "mismatched_elements_per_million": 10}
    card["reproducibility_tolerance"] = [discrete, own | {"output_ids": "any_continuous_output"}]


@pytest.fixture(scope="module")
def plane(pairs_folder):
    return images.read(next((pairs_folder / "lr").glob("*.tif"))).pixels


@pytest.mark.parametrize("change", [as_it_is, axes_in_capitals, tolerances_of_kinds_of_outputs])
def test_a_bundle_in_the_newest_words_is_read_as_it_was(tiny_bundle, plane, change, tmp_path):
    bundle = newest(tiny_bundle, tmp_path / "newest.zip", change)
    assert open_bundle(bundle).ours == open_bundle(tiny_bundle).ours
    ours, theirs = (predict_plane(of_bundle(path, "onnx"), plane) for path in (tiny_bundle, bundle))
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("change", [as_it_is, axes_in_capitals])
def test_a_page_runs_a_bundle_in_the_newest_words(tiny_bundle, change, tmp_path):
    write_page([newest(tiny_bundle, tmp_path / "newest.zip", change)], tmp_path / "site", "cdn")
    (model,) = json.loads((tmp_path / "site/models.json").read_text())
    assert (model["tile"], model["halo"]) == (32, 4)
    assert (tmp_path / "site" / model["cover"]).is_file()


def test_what_other_programs_do_not_read_is_said(tiny_bundle, tmp_path):
    objections = lint(*raw_description(newest(tiny_bundle, tmp_path / "newest.zip", axes_in_capitals)))
    assert any("0.5.9 at most" in objection for objection in objections)
    assert any("JDLL calls space axes x, y and z, not Y" in objection for objection in objections)


def newest(bundle, target, change):
    """A bundle as the newest spec writes it."""
    with zipfile.ZipFile(bundle) as archive:
        content = yaml.safe_load(archive.read("rdf.yaml"))
    content |= {"format_version": "0.5.14", "documentation": {"source": "README.md"}}
    content["covers"] = [{"source": name} for name in content["covers"]]
    change(content)
    return rewrite(bundle, target, {"rdf.yaml": yaml.safe_dump(content)})
