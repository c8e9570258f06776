import csv
import re
import shutil

import numpy as np
import pytest
import yaml
from invoking import expect_refusal, invoke, train_arguments

from dfcan_bmz import images
from dfcan_bmz.commands import simulate
from dfcan_bmz.engines import keras_v3
from dfcan_bmz.errors import UnfinishedError
from dfcan_bmz.evaluation import measure
from dfcan_bmz.evaluation.evaluate import measure_models
from dfcan_bmz.report.html import write_report


@pytest.fixture(autouse=True)
def short_report(monkeypatch):
    """Two cases in detail instead of six: drawing them is what takes time."""
    monkeypatch.setattr(measure, "WORST", 2)


@pytest.fixture(scope="module")
def test_set(tmp_path_factory):
    """7 fields that the training has not seen, one light level, 24 px."""
    folder = tmp_path_factory.mktemp("test") / "set"
    simulate.run(folder, "actin", pairs=7, size=24, scale=2, levels=1, seed=77, overwrite=False)
    return folder


def read(path):
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def everything(capsys):
    return "".join(capsys.readouterr())


def evaluate(model, folder, out, *more):
    invoke("evaluate", model, "--lr", folder / "lr", "--hr", folder / "hr", "--out", out, *more)


def test_a_test_set_is_measured_with_intervals_and_the_report_is_self_contained(tiny_run, test_set, tmp_path, capsys):
    evaluate(tiny_run, test_set, tmp_path / "out")
    told = everything(capsys)
    assert "mean over n = 7 images of 7 fields of view" in told
    found = r"DFCAN against smoothed bicubic: PSNR \S+ dB \[\S+ \S+\] \(affine\), larger in \d of 7 fields, p = "
    assert re.search(found, told)
    assert "7 of 7 images (fov000_level01, fov001_level01, fov002_level01 ...): too small for MS-SSIM" in told
    rows = read(tmp_path / "out/metrics.csv")
    assert list(rows[0]) == ["image", "method", "protocol", "metric", "value"]
    assert {row["method"] for row in rows} == {"bicubic", "smoothed bicubic", "deconvolution", "DFCAN"}
    assert {row["protocol"] for row in rows} == {"min-max", "affine", "none"}
    assert len({row["image"] for row in rows}) == 7
    facts = read(tmp_path / "out/images.csv")
    assert [row["seen"] for row in facts] == [""] * 7
    assert all(float(row["signal_to_noise"]) > 0 for row in facts)
    html = (tmp_path / "out/report.html").read_text()
    pictures = html.count('src="data:image/png')
    # scores, light, training, and four for each of the worst
    assert pictures == 3 + 2 * 4
    assert "http" not in re.sub('data:image/png;base64,[^"]*', "", html)
    order = [float(value) for value in re.findall(r"<h3>\d\. \S+: PSNR (\S+) dB</h3>", html)]
    assert len(order) == 2
    assert order == sorted(order)


def evaluated(model, folder):
    return measure_models([model], folder / "lr", folder / "hr", deconvolution=False)


@pytest.fixture(scope="module")
def report(tiny_run, test_set):
    """Without pictures of single images, which take long to draw."""
    found = evaluated(tiny_run, test_set)
    return found._replace(measured=found.measured._replace(worst=[]))


@pytest.mark.parametrize(
    ("odd", "seen", "unit"), [(31.3, "", "nm"), (50.0, "", "HR px"), (None, "", "HR px"), (50.0, "a", "nm")]
)
def test_resolution_is_in_nanometres_if_all_images_that_count_have_one_pixel_size(report, tmp_path, odd, seen, unit):
    sizes = dict.fromkeys(report.measured.hr_pixels_nm, 31.3) | {"fov003_level01": odd}
    fields = {image: field for image, field in report.fields.items() if not (seen and image == "fov003_level01")}
    changed = report._replace(measured=report.measured._replace(hr_pixels_nm=sizes), fields=fields)
    write_report(tmp_path / "report.html", changed)
    assert f"agreement with HR ({unit})" in (tmp_path / "report.html").read_text()


def test_the_pixel_size_of_every_image_is_known_to_a_report(report):
    assert report.measured.hr_pixels_nm == pytest.approx(dict.fromkeys(report.fields, 31.3), rel=1e-4)


def test_the_table_of_images_begins_with_those_whose_prediction_is_nan(report, tmp_path):
    scores = [
        score._replace(value=np.nan) if score.method == "DFCAN" and score.image == "fov003_level01" else score
        for score in report.measured.scores
    ]
    write_report(tmp_path / "report.html", report._replace(measured=report.measured._replace(scores=scores)))
    table = (tmp_path / "report.html").read_text().split("Every image</h2>")[1]
    named = re.findall(r"fov00\d_level01", table)
    assert named[0] == "fov003_level01"


def test_images_that_were_trained_on_are_left_out_of_the_means(tiny_run, pairs_folder, test_set, tmp_path):
    mixed = shutil.copytree(test_set, tmp_path / "mixed")
    (mixed / "manifest.csv").unlink()
    for role in ("lr", "hr"):
        shutil.copy(pairs_folder / role / "fov001_level02.tif", mixed / role / "old.tif")
    report = evaluated(tiny_run, mixed)
    assert any(
        "1 of 8 images were part of the training (old is fov001_level02 of the" in warning
        and "left out of all means" in warning
        for warning in report.warnings
    )
    assert sorted(report.fields) == sorted(path.stem for path in (test_set / "lr").iterdir())
    assert report.summary["affine", "DFCAN", "psnr"] == evaluated(tiny_run, test_set).summary["affine", "DFCAN", "psnr"]
    (old,) = (fact for fact in report.measured.facts if fact.image == "old")
    assert old.seen.startswith("fov001_level02 of the")


def test_training_images_alone_are_measured_under_a_warning(tiny_run, pairs_folder):
    report = evaluated(tiny_run, pairs_folder)
    assert any("8 of 8 images were part of the training" in warning for warning in report.warnings)
    assert any("how well the training was remembered" in warning for warning in report.warnings)
    # four fields at two light levels are four samples: too few for an interval
    assert report.summary["affine", "DFCAN", "psnr"][1:] == (None, None, 4)
    assert all(row.result.p is None for row in report.comparisons)
    assert {fact.level for fact in report.measured.facts} == {"1", "2"}


def test_a_bundle_is_measured_though_nobody_knows_its_training_images(tiny_bundle, test_set):
    assert any("tiny.zip lists no training files" in warning for warning in evaluated(tiny_bundle, test_set).warnings)


def test_nan_is_named_and_never_averaged_away(tiny_run, test_set, tmp_path, capsys):
    broken = shutil.copytree(tiny_run, tmp_path / "broken")
    model = keras_v3.load_model(broken / "model.keras")
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    model.save(broken / "model.keras")
    with pytest.raises(UnfinishedError, match=r"7 of 7 predictions hold NaN \(fov000_level01, .*images.csv"):
        evaluate(broken, test_set, tmp_path / "out", "--no-deconvolution")
    values = [row["value"] for row in read(tmp_path / "out/metrics.csv") if row["method"] == "DFCAN"]
    assert set(values) == {"nan"}
    told = everything(capsys)
    assert "nan" in told
    assert "no test, as a value is NaN" in told
    assert "too few fields" not in told
    assert (tmp_path / "out/report.html").is_file()


def test_negative_pixels_and_collapsed_models_are_named(tiny_run, test_set, tmp_path):
    odd = shutil.copytree(test_set, tmp_path / "odd")
    path = odd / "lr/fov002_level01.tif"
    images.write(path, images.read(path).pixels.astype(np.float32) - 500)
    black = shutil.copytree(tiny_run, tmp_path / "black")
    model = keras_v3.load_model(black / "model.keras")
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    model.save(black / "model.keras")
    warnings = evaluated(black, odd).warnings
    assert any("1 of 7 images (fov002_level01): LR image has negative pixels" in warning for warning in warnings)
    collapsed = "7 of 7 images (fov000_level01, fov001_level01, fov002_level01 ...): DFCAN predicts a constant image"
    assert collapsed in warnings


def test_models_are_compared_on_the_same_images(tiny_run, test_set, tmp_path, capsys):
    other = shutil.copytree(tiny_run, tmp_path / "other")
    arguments = ["--lr", test_set / "lr", "--hr", test_set / "hr", "--out", tmp_path / "out", "--no-deconvolution"]
    invoke("compare", tiny_run, other, *arguments)
    told = everything(capsys)
    assert "other against tiny: PSNR +0 dB [+0, +0] (affine), larger in 0 of 7 fields, p = 1" in told
    rows = read(tmp_path / "out/metrics.csv")
    assert list(dict.fromkeys(row["method"] for row in rows)) == ["bicubic", "smoothed bicubic", "tiny", "other"]
    assert (tmp_path / "out/comparison.png").stat().st_size > 10_000
    assert "Comparison of tiny, other" in (tmp_path / "out/report.html").read_text()


def test_what_cannot_be_compared_is_refused(tiny_run, test_set, tmp_path):
    arguments = ["--lr", test_set / "lr", "--hr", test_set / "hr", "--out", tmp_path / "out"]
    expect_refusal("compare", tiny_run, *arguments, match="one model cannot be compared")
    expect_refusal("compare", tiny_run, tiny_run, *arguments, match="two of the models have the same name")
    for baseline in ("bicubic", "smoothed bicubic", "deconvolution"):
        copy = shutil.copytree(tiny_run, tmp_path / baseline)
        expect_refusal("compare", tiny_run, copy, *arguments, match=f"cannot be called {baseline}, .*rename its file")
    other = shutil.copytree(tiny_run, tmp_path / "x3")
    config = yaml.safe_load((other / "config.yaml").read_text())
    config["model"]["scale"] = 3
    (other / "config.yaml").write_text(yaml.safe_dump(config))
    expect_refusal("compare", tiny_run, other, *arguments, match=r"different scale factors \(tiny 2, x3 3\)")
    assert not (tmp_path / "out").exists()


def test_raw_is_reported_where_degrade_made_the_pairs(pairs_folder, tmp_path):
    invoke("degrade", pairs_folder / "hr", tmp_path / "pairs", "--noise", "0.02")
    invoke(*train_arguments(tmp_path / "pairs", tmp_path / "run"))
    arguments = ["--lr", tmp_path / "pairs/lr", "--hr", tmp_path / "pairs/hr", "--out", tmp_path / "out"]
    invoke("evaluate", tmp_path / "run", *arguments)
    assert ",raw,psnr," in (tmp_path / "out/metrics.csv").read_text()
