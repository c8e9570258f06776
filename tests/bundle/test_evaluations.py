"""What is measured goes into the run folder, and from there into the card, the description and the repository."""

import csv
import shutil

import numpy as np
import pytest
import yaml
from conftest import TINY_RECIPE

from dfcan_bmz.bundle.evaluations import read_evaluations
from dfcan_bmz.commands import evaluate, package, simulate
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.evaluation.coverage import Orientations
from dfcan_bmz.evaluation.score import read_rows

PICTURES = ["worst_Held-out.png", "uncertainty_Held-out.png"]
EVALUATED = """\
formats: [keras_v3]
evaluations:
  Held out: {title: Unseen fields, source: "https://example.org/set", role: test}
version: 1.1.0
version_comment: More light levels.
parent: tiny-ancestor
"""


@pytest.fixture(scope="module")
def evaluated_run(tiny_run, tmp_path_factory):
    """A copy of the tiny run with an evaluation on seven fields that it has not seen."""
    folder = tmp_path_factory.mktemp("evaluated")
    simulate.run(folder / "test", "actin", pairs=7, size=40, scale=2, levels=1, seed=9, overwrite=False)
    shutil.copytree(tiny_run, folder / "run")
    out = folder / "run/evaluation/Held out"
    evaluate.run(folder / "run", folder / "test/lr", folder / "test/hr", out, overwrite=False)
    (out.parent / ".ipynb_checkpoints").mkdir()  # which is nobody's evaluation
    return folder / "run"


@pytest.fixture(scope="module")
def published(evaluated_run, tmp_path_factory):
    """The folder that a repository keeps."""
    folder = tmp_path_factory.mktemp("published")
    (folder / "recipe.yaml").write_text(TINY_RECIPE + EVALUATED, encoding="utf-8")
    package.run(evaluated_run, folder / "recipe.yaml", folder / "rdf/tiny", overwrite=False)
    return folder


def test_the_card_shows_the_means_of_the_table(evaluated_run, published):
    with (evaluated_run / "evaluation/Held out/metrics.csv").open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if (row["protocol"], row["metric"]) == ("affine", "psnr")]
    readme = (published / "rdf/tiny/README.md").read_text()
    assert "### Unseen fields\n\n7 images of 7 fields of view" in readme
    for method, shown in (("bicubic", "bicubic"), ("DFCAN", "**DFCAN**")):
        mean = np.mean([float(row["value"]) for row in rows if row["method"] == method])
        assert f"| affine | {shown} | {mean:.2f} (" in readme
    assert all(f"]({picture})" in readme for picture in PICTURES)


def test_the_card_says_what_the_disagreement_is_worth(evaluated_run, published):
    rows = read_rows(evaluated_run / "evaluation/Held out/uncertainty.csv", Orientations)
    readme = " ".join((published / "rdf/tiny/README.md").read_text().split())
    assert (
        f"in the middle of {len(rows)} images: the disagreement holds {100 * np.mean([r.within for r in rows]):.0f} %"
        in readme
    )
    assert f"(`predict --ensemble`) has {np.mean([row.ensemble_psnr for row in rows]):.2f} dB" in readme


def test_the_description_has_the_factor_of_the_error_bars(evaluated_run, published):
    rows = read_rows(evaluated_run / "evaluation/Held out/uncertainty.csv", Orientations)
    description = yaml.safe_load((published / "rdf/tiny/rdf.yaml").read_text())
    assert description["config"]["dfcan_bmz"]["error_bar"] == pytest.approx(
        np.median([r.factor for r in rows]), abs=0.01
    )


def test_an_evaluation_without_maps_says_nothing_of_uncertainty(evaluated_run, tmp_path):
    folder = tmp_path / "run/evaluation/plain"
    shutil.copytree(evaluated_run / "evaluation/Held out", folder)
    for name in ("uncertainty.png", "uncertainty.csv"):
        (folder / name).unlink()
    (evaluation,) = read_evaluations(tmp_path / "run", "own")
    assert evaluation.orientations is None
    assert list(evaluation.pictures) == ["worst_plain.png"]


def test_the_description_shows_them_to_programs(published):
    description = yaml.safe_load((published / "rdf/tiny/rdf.yaml").read_text())
    (told,) = description["config"]["bioimageio"]["evaluations"]
    assert (told["dataset_source"], told["dataset_role"]) == ("https://example.org/set", "test")
    assert told["dataset_id"] == "held-out"
    assert told["sample_count"] == 7
    assert told["evaluation_factors"] == ["bicubic", "smoothed bicubic", "deconvolution", "DFCAN"]
    assert (description["version"], description["version_comment"]) == ("1.1.0", "More light levels.")
    assert description["parent"]["id"] == "tiny-ancestor"
    assert description["covers"] == ["cover.png", *PICTURES]


def test_what_a_repository_keeps_is_small(published):
    kept = {str(path.relative_to(published / "rdf/tiny")) for path in (published / "rdf/tiny").rglob("*.*")}
    names = ("metrics.csv", "images.csv", "uncertainty.csv", "worst.png", "uncertainty.png")
    tables = {f"evaluation/Held out/{name}" for name in names}
    run = {"config.yaml", "model.keras", "history.csv", "provenance.json", "sample_lr.tif", "sample_hr.tif"}
    assert kept == tables | run | {"README.md", "rdf.yaml", "cover.png", *PICTURES}


def test_few_fields_have_no_interval(evaluated_run, tmp_path):
    folder = tmp_path / "run/evaluation/few"
    shutil.copytree(evaluated_run / "evaluation/Held out", folder)
    lines = (folder / "images.csv").read_text().splitlines()
    (folder / "images.csv").write_text("\n".join(lines[:3]) + "\n")
    (evaluation,) = read_evaluations(tmp_path / "run", "own")
    assert (evaluation.images, evaluation.fields) == (2, 2)
    assert all(row.psnr.low is None for row in evaluation.rows)


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        (lambda folder: (folder / "metrics.csv").unlink(), r"metrics\.csv does not exist"),
        (lambda folder: (folder / "images.csv").write_text("image\na\n"), r"images\.csv is not a table"),
        (lambda folder: (folder / "metrics.csv").write_text(HEAD), "has no PSNR"),
        (lambda folder: (folder / "images.csv").write_text("image,field,level,signal_to_noise,seen,remarks\n"), "only"),
    ],
)
def test_a_damaged_evaluation_is_refused(evaluated_run, tmp_path, damage, match):
    folder = tmp_path / "run/evaluation/held-out"
    shutil.copytree(evaluated_run / "evaluation/Held out", folder)
    damage(folder)
    with pytest.raises(DfcanError, match=match):
        read_evaluations(tmp_path / "run", "own")


HEAD = "image,method,protocol,metric,value\na,DFCAN,raw,mse,1\n"


def test_an_evaluation_that_is_not_there_is_named(tiny_run, tmp_path):
    (tmp_path / "recipe.yaml").write_text(TINY_RECIPE + EVALUATED, encoding="utf-8")
    with pytest.raises(DfcanError, match=r"evaluations names Held out, and there is no such folder"):
        package.run(tiny_run, tmp_path / "recipe.yaml", tmp_path / "out.zip", overwrite=False)


def test_a_run_is_not_published_into_itself(tiny_run, tiny_recipe):
    with pytest.raises(DfcanError, match="choose another --out"):
        package.run(tiny_run, tiny_recipe, tiny_run / "published", overwrite=False)
