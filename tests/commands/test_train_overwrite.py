"""``train --overwrite`` over an older run: that run is there until the new one has an epoch, whatever happens."""

import shutil
from contextlib import suppress
from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import TINY_TRAINING
from dfcan_bmz.commands.replacing import replacing, settle
from training.ending import kill_at_step

from dfcan_bmz import run_folder
from dfcan_bmz.commands import train
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.files import sha256
from dfcan_bmz.run_folder import read_config, read_history

NEW = ("train.epochs=1", "train.learning_rate=4e-3", "data.patches_per_image=4")


def run_training(pairs, out, *overrides, resume=False):
    settings = [] if resume else [*TINY_TRAINING, *NEW]
    train.run(pairs / "lr", pairs / "hr", out, None, [*settings, *overrides], resume, overwrite=not resume)


def content(folder):
    return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def fail(*_):
    raise UnfinishedError("no")


@pytest.fixture
def older(tiny_run, tmp_path):
    """A copy of a finished run, to be replaced."""
    return shutil.copytree(tiny_run, tmp_path / "run")


@pytest.fixture(scope="module")
def killed_run(pairs_folder, tiny_run, tmp_path_factory):
    """A finished run, and a training that was to replace it and was killed in its first epoch."""
    out = shutil.copytree(tiny_run, tmp_path_factory.mktemp("killed") / "run")
    settings = ("train.epochs=1", "train.learning_rate=4e-3", "data.patches_per_image=4")
    kill_at_step(3, pairs_folder, out, *TINY_TRAINING, *settings, flags=("--overwrite",))
    assert not read_history(out)
    return out


@pytest.fixture
def killed(killed_run, tmp_path):
    return shutil.copytree(killed_run, tmp_path / "run")


@pytest.mark.parametrize(("init", "file"), [(".", "model.keras"), ("last.keras", "last.keras")])
def test_a_run_can_start_from_the_weights_of_the_one_that_it_replaces(pairs_folder, older, tiny_run, init, file):
    run_training(pairs_folder, older, f"train.init={older / init}", "train.learning_rate=1e-12")
    expected, found = (keras.saving.load_model(path, compile=False) for path in (tiny_run / file, older / "last.keras"))
    for a, b in zip(expected.get_weights(), found.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    origin = run_folder.read_provenance(older)["initial_weights"]
    assert origin == {"name": "run/model.keras" if init == "." else "last.keras", "sha256": sha256(tiny_run / file)}


def test_after_a_kill_in_the_first_epoch_a_resume_trains_the_new_run_and_then_the_older_one_goes(pairs_folder, killed):
    run_training(pairs_folder, killed, "data.patches_per_image=4", resume=True)
    assert read_config(killed).train.learning_rate == 4e-3, "the new run's settings"
    assert [row["epoch"] for row in read_history(killed)] == [1]
    assert {entry.name for entry in killed.iterdir()} <= set(run_folder.ENTRIES)


def test_after_a_kill_in_the_first_epoch_a_resume_that_is_refused_changes_nothing(pairs_folder, killed):
    before = content(killed)
    with pytest.raises(DfcanError, match="other images"):
        run_training(pairs_folder, killed, "data.validation=[fov001]", resume=True)
    assert content(killed) == before


@pytest.mark.parametrize("resume", [False, True])
def test_after_a_kill_in_the_first_epoch_a_failure_brings_the_older_run_back(
    pairs_folder, killed, tiny_run, monkeypatch, resume
):
    monkeypatch.setattr(train, "fit", fail)
    with pytest.raises(UnfinishedError, match="no"):
        run_training(pairs_folder, killed, resume=resume)
    assert content(killed) == content(tiny_run)


def test_after_a_kill_before_the_new_run_had_settings_a_resume_brings_the_older_run_back(
    pairs_folder, killed, tiny_run
):
    (killed / "config.yaml").unlink()
    with pytest.raises(DfcanError, match="the older run is back: repeat the command with --overwrite"):
        run_training(pairs_folder, killed, resume=True)
    assert content(killed) == content(tiny_run)


def test_after_a_kill_in_a_later_epoch_the_older_run_goes(pairs_folder, older):
    shutil.copytree(older, older / ".replaced-by-this")
    run_training(pairs_folder, older, "train.epochs=2", resume=True)
    assert {entry.name for entry in older.iterdir()} <= set(run_folder.ENTRIES)


def test_ctrl_c_in_the_first_epoch_says_that_the_older_run_is_back(pairs_folder, older, tiny_run, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "fit", stop)
    with pytest.raises(UnfinishedError, match=r"the older run is back in .*run: repeat the command") as stopped:
        run_training(pairs_folder, older)
    assert "--resume" not in str(stopped.value), "which would go on with the older run"
    assert content(older) == content(tiny_run)


@pytest.mark.parametrize("moves", range(9))
def test_a_kill_while_the_older_run_is_moved_aside_or_back_loses_none_of_it(tmp_path, monkeypatch, moves):
    class KilledError(BaseException):
        pass

    done, rename = [], Path.rename

    def killed_after_some(self, target):
        if len(done) == moves:
            raise KilledError
        done.append(target)
        return rename(self, target)

    for name in ("config.yaml", "model.keras", "history.csv"):
        (tmp_path / name).write_text("epoch\n1\n")
    before = content(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed_after_some)
        with suppress(KilledError), replacing(tmp_path):
            (tmp_path / "config.yaml").write_text("of the new run")
            (tmp_path / "tensorboard").mkdir()
            raise KilledError
    settle(tmp_path)
    assert content(tmp_path) == before
    assert {entry.name for entry in tmp_path.iterdir()} == {"config.yaml", "model.keras", "history.csv"}
