"""A bundle as its consumers meet it."""

import json
import subprocess
import sys
import zipfile
from io import BytesIO

import httpx
import numpy as np
import pytest
import tifffile
import yaml
from bundle_files import rewrite
from conftest import command_line

from dfcan_bmz import images
from dfcan_bmz.bundle import write
from dfcan_bmz.bundle.card import card
from dfcan_bmz.bundle.recipe import read_recipe
from dfcan_bmz.bundle.source import read_source
from dfcan_bmz.bundle.verdict import FAILED, Verdict
from dfcan_bmz.bundle.write import write_bundle
from dfcan_bmz.bundle_file.read import read_bundle
from dfcan_bmz.bundle_file.validation import validated
from dfcan_bmz.commands import package
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.model import open_model
from dfcan_bmz.model.loading import of_bundle
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.prediction.tiles import predict_plane, predict_unit
from dfcan_bmz.run_folder import read_config


@pytest.fixture(scope="module")
def description(tiny_bundle):
    with zipfile.ZipFile(tiny_bundle) as archive:
        return yaml.safe_load(archive.read("rdf.yaml"))


def test_the_zip_is_flat_and_complete(tiny_bundle):
    with zipfile.ZipFile(tiny_bundle) as archive:
        assert sorted(archive.namelist()) == [
            "README.md",
            "cover.png",
            "rdf.yaml",
            "sample_input.tif",
            "sample_output.tif",
            "test_input.npy",
            "test_output.npy",
            "weights.keras",
            "weights.onnx",
            "weights.pt",
        ]


def test_the_description_is_what_all_consumers_read(description):
    assert description["format_version"] == "0.5.9"
    assert description["documentation"] == "README.md"
    assert description["covers"] == ["cover.png"]
    assert "id" not in description
    assert description["config"]["bioimageio"]["nickname"] == "tiny-tester"
    assert "deepimagej" not in description["config"]
    (tensor,), (output,) = description["inputs"], description["outputs"]
    assert [step["id"] for step in tensor["preprocessing"]] == ["scale_range"]
    assert tensor["preprocessing"][0]["kwargs"] == {
        "axes": ["y", "x"],
        "min_percentile": 0.1,
        "max_percentile": 99.9,
        "eps": 1e-6,
    }
    assert [step["id"] for step in output["postprocessing"]] == ["clip"]
    for axis in (axis for axis in tensor["axes"] if axis["type"] == "space"):
        assert (axis["size"], axis["scale"]) == (32, 4)
        assert "unit" not in axis
    for axis in (axis for axis in output["axes"] if axis["type"] == "space"):
        assert axis["scale"] == 2
        assert axis["halo"] % 2 == 0
        assert axis["size"]["axis_id"] == axis["id"]


def test_sizes_come_to_s_times_by_the_spec_s_rule_and_by_deepimagej_s(description):
    source = description["inputs"][0]["axes"][1]
    target = description["outputs"][0]["axes"][1]
    assert source["size"] * source["scale"] / target["scale"] == 64  # the spec
    assert source["size"] * target["scale"] + 2 * target["size"].get("offset", 0) == 64  # JDLL


def test_sample_images_open_in_imagej_and_are_the_test_tensors(tiny_bundle):
    with zipfile.ZipFile(tiny_bundle) as archive:
        for sample, tensor in (("sample_input.tif", "test_input.npy"), ("sample_output.tif", "test_output.npy")):
            with tifffile.TiffFile(BytesIO(archive.read(sample))) as file:
                assert file.is_imagej
                pixels = file.asarray()
            np.testing.assert_array_equal(pixels, np.load(BytesIO(archive.read(tensor)))[0, :, :, 0])


def test_the_readme_states_what_was_measured(tiny_bundle, tiny_run):
    with zipfile.ZipFile(tiny_bundle) as archive:
        readme = archive.read("README.md").decode()
    assert "## Validation" in readme
    assert "[0, 1]" in readme
    assert "2 epochs" in readme


@pytest.mark.parametrize(("init", "told"), [("none", False), ("models/ancestor", True)])
def test_the_readme_says_where_a_training_started(init, told, tiny_run, tiny_recipe):
    config = read_config(tiny_run)
    config = config.model_copy(update={"train": config.train.model_copy(update={"init": init})})
    readme = card(read_source(tiny_run, read_recipe(tiny_recipe))._replace(config=config), None)
    assert ("Started from trained weights (`ancestor`)" in readme) is told
    assert "/ancestor" not in readme  # a path gives somebody's machine away


@pytest.fixture(scope="module")
def fresh(tiny_run, tiny_recipe, tmp_path_factory):
    """The bundle as this machine builds it: what was measured in it was measured here."""
    out = tmp_path_factory.mktemp("fresh") / "fresh.zip"
    package.run(tiny_run, tiny_recipe, out, overwrite=False)
    return out


def test_a_bundle_predicts_what_its_run_folder_predicts(tiny_run, tiny_bundle, pairs_folder):
    bundle, run = of_bundle(tiny_bundle), open_model(tiny_run)
    plane = images.read(next((pairs_folder / "lr").glob("*.tif"))).pixels
    whole = run._replace(tile=bundle.tile, halo=bundle.halo)
    np.testing.assert_allclose(predict_plane(bundle, plane), predict_plane(whole, plane), atol=1e-5)
    assert (bundle.scale, bundle.target, bundle.smoothing_px) == (run.scale, run.target, run.smoothing_px)


@pytest.mark.parametrize("blockwise", [True, False])
def test_bioimageio_predicts_an_unseen_image_as_we_do(tiny_bundle, tiny_run, pairs_folder, tmp_path, blockwise):
    image = next((pairs_folder / "lr").glob("*.tif")).resolve()
    command = ["predict", tiny_bundle, "--inputs", image, "--outputs", tmp_path / "out.tif"]
    command += ["--blockwise", "1"] if blockwise else []
    answer = subprocess.run(
        [sys.executable, "-m", "bioimageio.core", *map(str, command)], cwd=tmp_path, capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr
    theirs = np.squeeze(tifffile.imread(tmp_path / "out.tif"))
    plane = images.read(image).pixels
    ours = of_bundle(tiny_bundle)
    if blockwise:
        expected = predict_plane(ours, plane)
    else:
        # core reflects the whole image by the halo, and takes the percentiles of that
        reflected = np.pad(plane, ours.halo, mode="symmetric").astype(np.float32)
        unit = scaling_of(reflected).apply(reflected)
        edge = ours.scale * ours.halo
        expected = np.clip(ours.network(unit[None, ..., None]), 0, 1)[0, edge:-edge, edge:-edge, 0]
    np.testing.assert_allclose(theirs, expected, atol=1e-5)


def test_the_companion_takes_the_normalised_enlarged_image_and_keeps_its_size(
    tiny_bundle, companion_bundle, pairs_folder, tmp_path
):
    lr = images.read(next((pairs_folder / "lr").glob("*.tif"))).pixels
    unit = scaling_of(lr).apply(lr)
    enlarged = unit.repeat(2, 0).repeat(2, 1)
    tifffile.imwrite(tmp_path / "enlarged.tif", enlarged)
    command = ["predict", companion_bundle, "--blockwise", "1", "--inputs", "enlarged.tif", "--outputs", "out.tif"]
    answer = subprocess.run(
        [sys.executable, "-m", "bioimageio.core", *map(str, command)], cwd=tmp_path, capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr
    theirs = np.squeeze(tifffile.imread(tmp_path / "out.tif"))
    assert theirs.shape == enlarged.shape
    np.testing.assert_allclose(theirs, predict_unit(of_bundle(tiny_bundle), unit), atol=1e-5)


def test_we_predict_low_resolution_images_by_a_companion_too(tiny_bundle, companion_bundle, pairs_folder):
    plane = images.read(next((pairs_folder / "lr").glob("*.tif"))).pixels
    expected = predict_plane(of_bundle(tiny_bundle), plane)
    np.testing.assert_allclose(predict_plane(of_bundle(companion_bundle), plane), expected, atol=1e-5)


def test_the_companion_tells_the_user_of_ilastik_what_to_do(companion_bundle):
    with zipfile.ZipFile(companion_bundle) as archive:
        readme = archive.read("README.md").decode()
    assert "dfcan-bmz ilastik prepare" in readme
    assert "dfcan-bmz ilastik restore" in readme
    assert "In Fiji, give images of at least" not in readme


@pytest.fixture(scope="module")
def verdicts(fresh):
    answer = command_line("check", fresh, "--json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_check_passes_every_format_and_says_so_as_json(verdicts):
    assert {verdict["format"] for verdict in verdicts} == {"rdf.yaml", "keras_v3", "torchscript", "onnx"}
    assert {verdict["verdict"] for verdict in verdicts} == {"passed"}
    figures = {verdict["test"]: [] for verdict in verdicts}
    for verdict in verdicts:
        figures[verdict["test"]].append(verdict["figure"])
    compared = {"test tensor": 3, "against keras_v3": 2, "blocks, against our tiles": 3, "tiles, against ours": 1}
    for test, count in compared.items():
        measured = [figure for figure in figures[test] if figure is not None]
        assert len(measured) == count
        assert max(measured) < 1e-5
    assert max(figures["whole, against blocks"]) > 0


def test_the_tolerance_is_ten_times_what_engines_differ_by(verdicts, fresh):
    figures = {verdict["figure"] for verdict in verdicts if verdict["test"] not in ("whole, against blocks", "seconds")}
    with zipfile.ZipFile(fresh) as archive:
        content = yaml.safe_load(archive.read("rdf.yaml"))
    (tolerance,) = content["config"]["bioimageio"]["reproducibility_tolerance"]
    assert tolerance["absolute_tolerance"] == pytest.approx(max(10 * max(figures - {None}), 1e-6), rel=0.1)
    assert tolerance["relative_tolerance"] == 0


def test_the_verdicts_make_a_page(tiny_bundle, tmp_path):
    bundle = rewrite(tiny_bundle, tmp_path / "<odd>.zip", {"weights.pt": b"swapped"})
    answer = command_line("check", bundle, "--html", tmp_path / "verdicts.html")
    assert answer.returncode == 1
    page = (tmp_path / "verdicts.html").read_text()
    assert "&lt;odd&gt;.zip" in page
    assert 'class="failed"' in page
    assert "torchscript" in page
    answer = command_line("check", bundle, "--html", tmp_path / "verdicts.html")
    assert answer.returncode == 2, "an existing page is not overwritten unasked"


def test_check_names_a_file_that_was_swapped(tiny_bundle, tmp_path):
    broken = rewrite(tiny_bundle, tmp_path / "broken.zip", {"weights.onnx": b"something else"})
    answer = command_line("check", broken, "--json")
    assert answer.returncode == 1
    (verdict,) = json.loads(answer.stdout)
    assert verdict["verdict"] == "failed"
    assert "onnx" in verdict["message"]
    assert len(answer.stderr.strip().splitlines()) == 1


def test_check_finds_weights_that_do_not_reproduce_the_test_tensor(tiny_bundle, description, tmp_path):
    with zipfile.ZipFile(tiny_bundle) as archive:
        output = np.load(BytesIO(archive.read("test_output.npy")))
    buffer = BytesIO()
    np.save(buffer, np.clip(output + 0.01, 0, 1))
    changed = json.loads(json.dumps(description))
    del changed["outputs"][0]["test_tensor"]["sha256"]
    broken = rewrite(
        tiny_bundle,
        tmp_path / "broken.zip",
        {"test_output.npy": buffer.getvalue(), "rdf.yaml": yaml.safe_dump(changed).encode()},
    )
    answer = command_line("check", broken, "--json")
    assert answer.returncode == 1
    failed = {verdict["format"] for verdict in json.loads(answer.stdout) if verdict["verdict"] == "failed"}
    assert failed == {"keras_v3", "torchscript", "onnx"}


def test_a_bundle_that_would_not_run_is_not_written(tiny_run, tiny_recipe, tmp_path, monkeypatch):
    monkeypatch.setattr(write, "check", lambda path: [Verdict("keras_v3", "e", "load", FAILED, None, "no")])
    with pytest.raises(UnfinishedError, match="would not run"):
        package.run(tiny_run, tiny_recipe, tmp_path / "out.zip", overwrite=False)
    assert list(tmp_path.iterdir()) == []


def test_a_maintainer_is_not_looked_up_when_a_bundle_is_opened(tiny_bundle, description, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(httpx, "get", lambda url, **_: asked.append(url))
    people = {"maintainers": [{"name": "M", "github_user": "somebody-unknown"}]}
    bundle = rewrite(tiny_bundle, tmp_path / "b.zip", {"rdf.yaml": yaml.safe_dump(description | people).encode()})
    assert validated(read_bundle(bundle)).name == "Tiny test model"
    assert asked == []


def test_maintainers_and_authors_enter_the_description_as_the_recipe_has_them(tiny_run, tiny_recipe, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    people = "maintainers: [{name: M, github_user: bioimageiobot}]\nformats: [keras_v3]\n"
    recipe.write_text(tiny_recipe.read_text().replace("A. Tester", "A. Tester, orcid: 0000-0002-1825-0097") + people)
    answer = command_line("package", tiny_run, "--recipe", recipe, "--out", tmp_path / "out.zip")
    assert answer.returncode == 0, answer.stderr
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        content = yaml.safe_load(archive.read("rdf.yaml"))
    assert content["maintainers"] == [{"name": "M", "github_user": "bioimageiobot"}]
    assert content["authors"] == [{"name": "A. Tester", "orcid": "0000-0002-1825-0097"}]


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("license: MIT", "license: MITT", "license"),
        ("A. Tester", "A. Tester, orcid: 1-2", "orcid"),
        ("tile: 32", "tile: 32\ncover: none.png", "cover"),
        ("tile: 32", "tile: 32\nhalo: 5", "halo"),
    ],
)
def test_what_the_spec_would_refuse_is_said_in_one_line(tiny_run, tiny_recipe, tmp_path, old, new, named):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(tiny_recipe.read_text().replace(old, new) + "formats: [keras_v3]\n")
    with pytest.raises(DfcanError, match=named) as refusal:
        write_bundle(tiny_run, read_recipe(recipe), tmp_path, tmp_path / "out.zip", print)
    assert len(str(refusal.value)) < 600
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "out.zip").exists()
