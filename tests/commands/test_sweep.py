"""A sweep: a run folder for each setting, resumable, with a table and a figure."""

import csv
import json

import pytest
from conftest import REPOSITORY, TINY_TRAINING
from PIL import Image as PillowImage

from dfcan_bmz.commands import sweep
from dfcan_bmz.engines.keras_v3 import load_model
from dfcan_bmz.errors import DfcanError, StoppedError, UnfinishedError
from dfcan_bmz.run_folder import read_config, read_history, write_history
from dfcan_bmz.training import sweep_runs
from dfcan_bmz.training.settings import resolve
from dfcan_bmz.training.sweep import Sweep, read_sweep

BENCHMARKS = REPOSITORY / "benchmarks"
GRID = "grid: {train.learning_rate: [0.001, 0.005], train.loss: [mae]}\n"
ONE = "runs:\n- {name: '7', set: {train.learning_rate: 0.002}, reference: {psnr: 18.076, minutes: 34}}\n"
SETTINGS = [setting for setting in TINY_TRAINING if not setting.startswith("train.learning_rate")]  # the grid's


def run(file, pairs, out, *settings):
    run_untested(file, pairs, out, *settings, test=(pairs / "lr", pairs / "hr"))


def run_untested(file, pairs, out, *settings, test=(None, None)):
    sweep.run(file, pairs / "lr", pairs / "hr", out, *test, None, [*SETTINGS, "train.epochs=1", *settings])


def table(out):
    with (out / "summary.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_every_combination_of_the_grid_is_a_run_and_so_is_every_run():
    both = Sweep.model_validate(
        {"grid": {"train.learning_rate": [1, 2], "train.loss": ["mae", "mse"]}, "runs": [{"name": "x", "set": {}}]}
    )
    names = [run.name for run in both.all_runs()]
    assert names == [f"learning_rate={rate}+loss={loss}" for rate in (1, 2) for loss in ("mae", "mse")] + ["x"]


@pytest.mark.parametrize(
    "content", [{}, {"runs": [{"name": "a", "set": {}}] * 2}, {"runs": [{"name": "../a", "set": {}}]}]
)
def test_a_sweep_without_runs_or_of_equal_or_unsafe_names_is_refused(content):
    with pytest.raises(ValueError, match=r"names a training|called a|pattern"):
        Sweep.model_validate(content)


def test_a_sweep_goes_on_where_it_was_stopped_and_compares(pairs_folder, tmp_path, monkeypatch):
    file, out, trained, real = tmp_path / "sweep.yaml", tmp_path / "out", [], sweep_runs.train
    file.write_text(GRID + ONE)

    def stopped_at_the_second(*arguments, **options):
        if len(trained) == 1 and not (out / "stopped").exists():
            (out / "stopped").touch()
            raise StoppedError("stopped after 0 of 1 epochs")
        trained.append(arguments[3].name)
        real(*arguments, **options)

    monkeypatch.setattr(sweep_runs, "train", stopped_at_the_second)
    with pytest.raises(StoppedError, match="stopped"):
        run(file, pairs_folder, out)
    run(file, pairs_folder, out)
    assert trained == ["learning_rate=0.001+loss=mae", "learning_rate=0.005+loss=mae", "7"]
    rows = table(out)
    assert [row["train.learning_rate"] for row in rows] == ["0.001", "0.005", "0.002"]
    assert rows[2]["reference psnr"] == "18.076"
    assert {int(row["parameters"]) for row in rows} == {load_model(out / "7/model.keras").count_params()}
    assert all(len(read_history(out / row["run"])) == 1 for row in rows)
    assert all(10 < float(row["psnr"]) < 40 for row in rows)
    assert (out / "summary.md").read_text().count("\n") == 5
    with PillowImage.open(out / "summary.png") as picture:
        assert picture.size[0] > 1000
    run(file, pairs_folder, out)
    assert len(trained) == 3, "what is finished is not trained again"
    with pytest.raises(DfcanError, match="other settings"):
        run(file, pairs_folder, out, "train.batch_size=2")


def test_a_run_that_fails_is_told_and_the_others_go_on(pairs_folder, tmp_path, monkeypatch):
    (tmp_path / "sweep.yaml").write_text(GRID)
    real, tried = sweep_runs.train, []

    def fails_first(*arguments, **options):
        tried.append(arguments[3].name)
        if len(tried) == 1:
            raise UnfinishedError("epoch 1 failed again")
        real(*arguments, **options)

    monkeypatch.setattr(sweep_runs, "train", fails_first)
    with pytest.raises(UnfinishedError, match=r"learning_rate=0\.001"):
        run(tmp_path / "sweep.yaml", pairs_folder, tmp_path / "out")
    notes = [row["notes"] for row in table(tmp_path / "out")]
    assert notes == ["epoch 1 failed again", ""]


def test_a_setting_that_does_not_fit_the_images_is_told_and_the_others_go_on(pairs_folder, tmp_path):
    (tmp_path / "sweep.yaml").write_text(
        "runs:\n- {name: wide, set: {data.patch_size: 64}}\n- {name: small, set: {}}\n"
    )
    settings = [*(setting for setting in SETTINGS if "patch_size" not in setting), "train.epochs=1"]
    (tmp_path / "config.yaml").write_text("data: {patch_size: 16}")
    data = (pairs_folder / "lr", pairs_folder / "hr", tmp_path / "out", None, None, tmp_path / "config.yaml")
    with pytest.raises(UnfinishedError, match=r"^wide failed: .* remove it to try again"):
        sweep.run(tmp_path / "sweep.yaml", *data, settings)
    [(name, reason)] = json.loads((tmp_path / "out/failures.json").read_text()).items()
    assert name == "wide"
    assert "smaller than the patch of 64" in reason
    assert [row["epochs"] for row in table(tmp_path / "out")] == ["0", "1"]


def test_what_would_stop_every_run_is_told_before_any_is_trained(pairs_folder, tmp_path):
    (tmp_path / "sweep.yaml").write_text(GRID)
    train_on = (tmp_path / "sweep.yaml", pairs_folder / "lr", pairs_folder / "hr", tmp_path / "out")
    with pytest.raises(DfcanError, match="nowhere is not a folder"):
        sweep.run(*train_on, tmp_path / "nowhere", pairs_folder / "hr", None, SETTINGS)
    with pytest.raises(DfcanError, match=r"train\.epoch: unknown key"):
        sweep.run(*train_on, None, None, None, [*SETTINGS, "train.epoch=1"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DfcanError, match="empty has no images"):
        sweep.run(train_on[0], tmp_path / "empty", *train_on[2:], None, None, None, SETTINGS)
    assert not (tmp_path / "out").exists()


def test_a_run_whose_time_is_up_is_over(pairs_folder, tmp_path):
    (tmp_path / "sweep.yaml").write_text(ONE)
    for _ in range(2):
        run_untested(tmp_path / "sweep.yaml", pairs_folder, tmp_path / "out", "train.minutes=1e-6", "train.epochs=3")
        assert [row["epochs"] for row in table(tmp_path / "out")] == ["1"]


def test_a_run_that_is_trained_further_is_measured_again(pairs_folder, tmp_path):
    (tmp_path / "sweep.yaml").write_text(ONE)
    settings, only = ("train.epochs=2", "data.patches_per_image=4"), tmp_path / "out/7"
    run_untested(tmp_path / "sweep.yaml", pairs_folder, tmp_path / "out", *settings)
    write_history(only, read_history(only)[:1])  # as a kill in the second epoch leaves it
    (only / "test").mkdir()
    (only / "test/metrics.csv").write_text("of the weights before")
    run(tmp_path / "sweep.yaml", pairs_folder, tmp_path / "out", *settings)
    assert [row["epochs"] for row in table(tmp_path / "out")] == ["2"]
    assert 10 < float(table(tmp_path / "out")[0]["psnr"]) < 40


def test_a_run_from_trained_weights_has_their_network(pairs_folder, tiny_run):
    described = Sweep.model_validate({"runs": [{"name": "on", "set": {"train.init": str(tiny_run)}}]})
    [only] = described.all_runs()
    settings = sweep_runs.settings_of(described, only, pairs_folder / "lr", None, [])
    assert settings.model == read_config(tiny_run).model


@pytest.mark.parametrize("config", [None, BENCHMARKS / "thesis/reduced.yaml"], ids=["full", "reduced"])
@pytest.mark.parametrize("file", sorted(BENCHMARKS.glob("thesis/table-*.yaml")), ids=lambda file: file.stem)
def test_every_run_of_the_thesis_has_known_settings(file, config):
    settings = resolved(file, config)
    assert len({str(setting) for setting in settings}) == len(settings), "they differ"
    assert {setting.model.filters for setting in settings} == {64 if config is None else 16}


@pytest.mark.parametrize("file", sorted(BENCHMARKS.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_run_of_the_other_benchmarks_has_known_settings(file):
    settings = resolved(file, None)
    assert len({str(setting) for setting in settings}) == len(settings), "they differ"


def resolved(file, config):
    described = read_sweep(file)
    return [
        resolve(described.base, config, [f"{key}={value}" for key, value in run.set.items()])
        for run in described.all_runs()
    ]
