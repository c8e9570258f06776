"""``train --overwrite`` over an older run: that run is there until the new one has an epoch, whatever happens."""

import shutil
from itertools import count

import keras
import numpy as np
import pytest
from conftest import TINY_TRAINING
from kills import killed_at
from training.ending import kill_at_step

from dfcan_bmz import run_folder, staging
from dfcan_bmz.commands import train
from dfcan_bmz.errors import DfcanError, StoppedError, UnfinishedError
from dfcan_bmz.files import sha256
from dfcan_bmz.run_folder import read_config, read_history
from dfcan_bmz.training import run as training
from dfcan_bmz.training.place import run_place

NEW = ("train.epochs=1", "train.learning_rate=4e-3", "data.patches_per_image=4")


def run_training(pairs, out, *overrides, resume=False):
    settings = [] if resume else [*TINY_TRAINING, *NEW]
    train.run(pairs / "lr", pairs / "hr", out, None, [*settings, *overrides], resume, overwrite=not resume)


def content(folder):
    """What is in a run folder, but for what is under way."""
    files = (file for file in folder.rglob("*") if file.is_file() and staging.INSIDE not in file.parts)
    return {file.relative_to(folder): file.read_bytes() for file in files}


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
    assert (out / staging.INSIDE / "new/config.yaml").is_file()
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


def test_after_a_kill_in_the_first_epoch_the_older_run_is_there_and_a_resume_trains_the_new_one(
    pairs_folder, killed, tiny_run
):
    assert content(killed) == content(tiny_run)
    run_training(pairs_folder, killed, resume=True)
    assert read_config(killed).train.learning_rate == 4e-3, "the new run's settings"
    assert [row["epoch"] for row in read_history(killed)] == [1]
    assert {entry.name for entry in killed.iterdir()} <= set(run_folder.ENTRIES)


def test_after_a_kill_in_the_first_epoch_a_resume_with_other_settings_is_refused_and_changes_nothing(
    pairs_folder, killed, tiny_run
):
    for _ in range(2):
        with pytest.raises(DfcanError, match=r"train\.learning_rate 0\.004, not 0\.5"):
            run_training(pairs_folder, killed, "train.learning_rate=0.5", resume=True)
    assert content(killed) == content(tiny_run)
    run_training(pairs_folder, killed, resume=True)
    assert read_config(killed).train.learning_rate == 4e-3


def test_after_a_kill_before_the_new_run_had_settings_a_resume_does_not_return_the_older_one(pairs_folder, older):
    with pytest.raises(DfcanError, match=r"run is a training with train\.learning_rate 0\.005, not 0\.004"):
        run_training(pairs_folder, older, "train.learning_rate=4e-3", resume=True)


@pytest.mark.parametrize("resume", [False, True])
def test_after_a_kill_in_the_first_epoch_a_failure_leaves_the_older_run(
    pairs_folder, killed, tiny_run, monkeypatch, resume
):
    monkeypatch.setattr(training, "fitting", fail)
    with pytest.raises(UnfinishedError, match="no"):
        run_training(pairs_folder, killed, resume=resume)
    assert content(killed) == content(tiny_run)


def test_a_resume_before_there_was_anything_begins(pairs_folder, tmp_path):
    run_training(pairs_folder, tmp_path / "run", *TINY_TRAINING, *NEW, resume=True)
    assert [row["epoch"] for row in read_history(tmp_path / "run")] == [1]


def test_ctrl_c_in_the_first_epoch_says_that_the_older_run_is_there(pairs_folder, older, tiny_run, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "fitting", stop)
    with pytest.raises(StoppedError, match=r"run holds the older run: repeat the command") as stopped:
        run_training(pairs_folder, older)
    assert "--resume" not in str(stopped.value), "which would go on with the older run"
    assert content(older) == content(tiny_run)


@pytest.mark.parametrize("flags", [{"resume": True}, {"overwrite": True}])
def test_a_folder_of_other_files_is_no_run_to_go_on_with_or_to_replace(pairs_folder, tmp_path, flags):
    (tmp_path / "history.csv").write_text("of something else")
    (tmp_path / "mine.txt").write_text("mine")
    settings = {"resume": False, "overwrite": False} | flags
    with pytest.raises(DfcanError, match=r"not a run folder|not part of a training"):
        train.run(pairs_folder / "lr", pairs_folder / "hr", tmp_path, None, TINY_TRAINING, **settings)
    assert {entry.name for entry in tmp_path.iterdir()} == {"history.csv", "mine.txt"}


def test_a_kill_when_the_new_run_takes_the_place_of_the_older_one_costs_neither(tmp_path):
    """The files are stand-ins; they move as those of a training do."""
    entries = ("config.yaml", "model.keras", "history.csv")
    for operation in count():
        out = tmp_path / str(operation)
        out.mkdir()
        for name in entries:
            (out / name).write_text("old")

        def first_epoch(out=out):
            with run_place(out, resume=False, overwrite=True) as place:
                staging.discard(place.work)
                place.work.new.mkdir(exist_ok=True)
                for name in entries:
                    (place.work.new / name).write_text("new")
                place.settle()

        killed = killed_at(operation, out, first_epoch)
        staging.end(staging.begin(out, "train", overwrite=True, fill=True))
        found = content(out)
        assert {path.name for path in found} == set(entries)
        assert set(found.values()) in ({b"old"}, {b"new"})
        if not killed:
            assert operation > 20
            return
