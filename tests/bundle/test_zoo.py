"""What the zoo will say: held against bioimageio.spec's own count, and bundles with one fault each."""

import json
import shlex
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import typer
import yaml
from bundle_files import rewrite
from conftest import REPOSITORY

from dfcan_bmz.bundle.tensors import levelled
from dfcan_bmz.bundle.verdict import Verdict
from dfcan_bmz.bundle.zoo import forecast
from dfcan_bmz.bundle_file.read import read_bundle
from dfcan_bmz.bundle_file.validation import validated
from dfcan_bmz.cli import app
from dfcan_bmz.commands import check as command
from dfcan_bmz.errors import UnfinishedError

REPRODUCED = [Verdict("onnx", "bioimageio.core", "test tensor", "passed", None, "")]


@pytest.fixture(scope="module")
def content(tiny_bundle):
    with zipfile.ZipFile(tiny_bundle) as archive:
        return yaml.safe_load(archive.read("rdf.yaml"))


def told(bundle, verdicts=REPRODUCED):
    return {f"{verdict.engine}: {verdict.test}": verdict for verdict in forecast(bundle, verdicts)}


def changed(bundle, target, content):
    return rewrite(bundle, target, {"rdf.yaml": yaml.safe_dump(content).encode()})


def test_our_own_bundle_gets_what_the_collection_gives(tiny_bundle):
    rows = told(tiny_bundle)
    assert rows["bioimageio.spec: errors"].verdict == "passed"
    fiji = rows["deepImageJ, emulated: the collection's test"]
    assert fiji.verdict == "passed", fiji.message
    assert fiji.figure < 1.5e-4
    assert rows["ilastik: the collection's test"].verdict == "passed"
    completeness = rows["bioimageio.spec: metadata completeness"]
    assert completeness.figure == validated(read_bundle(tiny_bundle)).validation_summary.metadata_completeness
    assert "modality in the recipe" in completeness.message
    # format 1, completeness, core 1, partners 2 of 3
    assert rows["collection: score"].figure == pytest.approx((1 + completeness.figure + 1 + 2 / 3) / 4)


def test_a_missing_maintainer_is_an_alert_and_a_named_one_none(tiny_bundle, content, tmp_path):
    assert told(tiny_bundle)["bioimageio.spec: alerts"].verdict == "failed"
    assert "github_user" in told(tiny_bundle)["bioimageio.spec: alerts"].message
    people = {"maintainers": [{"name": "M", "github_user": "bioimageiobot"}]}
    bundle = changed(tiny_bundle, tmp_path / "b.zip", content | people)
    assert told(bundle)["bioimageio.spec: alerts"] == Verdict("zoo", "bioimageio.spec", "alerts", "passed", 0.0, "")


@pytest.mark.parametrize(
    ("changes", "row", "word"),
    [
        ({"license": None}, "alerts", "license"),
        ({"cite": []}, "alerts", "cite"),
        ({"description": "x" * 600}, "warnings", "512"),
    ],
)
def test_what_is_left_out_is_named(tiny_bundle, content, tmp_path, changes, row, word):
    bundle = changed(tiny_bundle, tmp_path / "b.zip", content | changes)
    verdict = told(bundle)[f"bioimageio.spec: {row}"]
    assert verdict.figure >= 1
    assert word in verdict.message
    assert verdict.verdict == ("failed" if row == "alerts" else "passed")


def test_a_readme_without_validation_is_a_warning(tiny_bundle, content, tmp_path):
    bundle = rewrite(tiny_bundle, tmp_path / "b.zip", {"README.md": b"# Nothing\n"})
    assert "Validation" in told(bundle)["bioimageio.spec: warnings"].message


def test_the_parts_that_a_recipe_adds_raise_the_completeness(tiny_bundle, content, tmp_path):
    before = told(tiny_bundle)["bioimageio.spec: metadata completeness"].figure
    config = json.loads(json.dumps(content["config"]))
    config["bioimageio"] |= {"modality": "fluorescence microscopy", "target_structure": ["actin"]}
    bundle = changed(tiny_bundle, tmp_path / "b.zip", content | {"config": config, "git_repo": "https://a.org/b"})
    assert told(bundle)["bioimageio.spec: metadata completeness"].figure > before + 0.02


def test_an_id_cannot_be_uploaded_and_an_invalid_description_scores_nothing(tiny_bundle, content, tmp_path):
    bundle = changed(tiny_bundle, tmp_path / "id.zip", content | {"id": "nice-name"})
    assert told(bundle)["dfcan_bmz: can be uploaded"].verdict == "failed"
    rows = told(changed(tiny_bundle, tmp_path / "invalid.zip", content | {"license": "MITT"}))
    assert rows["bioimageio.spec: errors"].verdict == "failed"
    assert rows["collection: score"].figure == 0


def test_an_output_without_channels_is_not_emulated(tiny_bundle, content, tmp_path):
    output = json.loads(json.dumps(content["outputs"][0]))
    del output["sample_tensor"], output["test_tensor"]["sha256"]
    output["axes"] = [axis for axis in output["axes"] if axis["type"] != "channel"]
    np.save(tmp_path / "out.npy", np.ones((1, 64, 64), "float32"))
    described = yaml.safe_dump(content | {"outputs": [output]})
    changes = {"test_output.npy": (tmp_path / "out.npy").read_bytes(), "rdf.yaml": described}
    rows = told(rewrite(tiny_bundle, tmp_path / "b.zip", changes))
    assert rows["bioimageio.spec: errors"].verdict == "passed"
    assert rows["deepImageJ, emulated: the collection's test"].verdict == "not run"


def test_no_format_that_reproduces_fails_all_three_programs(tiny_bundle):
    rows = told(tiny_bundle, [])
    assert all(verdict.verdict == "failed" for name, verdict in rows.items() if "test" in name and "spec" not in name)


def test_the_zoo_s_deepimagej_would_have_failed_on_a_tile_as_the_camera_gave_it(tiny_bundle, content, tmp_path):
    """Why the test tensor's extremes are levelled."""
    raw = np.random.default_rng(0).normal(size=(1, 32, 32, 1)).astype(np.float32)
    plain, level = raw[0, :, :, 0], levelled(raw[0, :, :, 0])
    assert np.count_nonzero(plain != level) <= 4
    for percentile in (0.1, 99.9):
        ranked = np.sort(level, axis=None)
        assert np.percentile(level, percentile) == ranked[int(ranked.size * percentile / 100)]
        assert np.percentile(plain, percentile) != np.sort(plain, axis=None)[int(plain.size * percentile / 100)]


def test_the_command_adds_the_zoo_to_its_verdicts(tiny_bundle, content, tmp_path, monkeypatch, capsys):
    """The engines' verdicts, which take a while, are tested elsewhere."""
    monkeypatch.setattr(command, "check", lambda bundle, trusted: [replace(REPRODUCED[0], format="keras_v3")])
    weights = {"weights": {"keras_v3": content["weights"]["keras_v3"]}}
    bundle = changed(tiny_bundle, tmp_path / "one.zip", content | weights)
    with pytest.raises(UnfinishedError, match="checks failed"):  # an alert is a failed check
        command.run(bundle, as_json=True, html=tmp_path / "page.html", zoo=True, overwrite=False)
    rows = {row["test"]: row for row in json.loads(capsys.readouterr().out) if row["format"] == "zoo"}
    assert rows["a format reproduces the test tensor"]["message"] == "keras_v3"
    assert "onnx among the recipe's formats" in rows["metadata completeness"]["message"]
    assert rows["can be uploaded"]["verdict"] == "passed"
    assert "metadata completeness" in (tmp_path / "page.html").read_text()


def test_the_workflow_for_a_model_repository_is_one_that_github_reads():
    workflow = REPOSITORY / "packaging/github/bundle.yml"
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(workflow)]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    jobs = yaml.safe_load(workflow.read_text())["jobs"]
    runs = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    ours = [shlex.split(run)[1:] for run in runs if run.startswith("dfcan-bmz ")]
    assert [arguments[0] for arguments in ours] == ["package", "check"]
    for arguments in ours:
        typer.main.get_command(app).commands[arguments[0]].make_context(arguments[0], arguments[1:])
