"""What goes wrong in a training is noticed, named, and tried again once at half the rate."""

import itertools
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import TINY_TRAINING
from training.scripted import validations

from dfcan_bmz.commands import train
from dfcan_bmz.engines.keras_v3 import load_model
from dfcan_bmz.errors import UnfinishedError
from dfcan_bmz.run_folder import read_history, read_provenance
from dfcan_bmz.training import safeguards
from dfcan_bmz.training.safeguards import TrainingTroubleError
from dfcan_bmz.training.validation import Validation


def validated(contrast, brightness=1.0):
    return Validation({}, contrast, brightness, np.zeros((1, 1), np.uint8))


def row(loss=0.1, val_loss=0.1):
    return {"loss": loss, "val_loss": val_loss}


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_named_with_its_step(loss):
    with pytest.raises(TrainingTroubleError, match="at step 7"):
        safeguards.check_step(loss, 7)


def test_black_images_are_named_flat():
    # figures of a collapse that was seen: contrast 0.7 %, mean 0.1 % of the targets'
    with pytest.raises(TrainingTroubleError, match="flat"):
        safeguards.check_epoch(row(), validated(0.007, 0.001), [], steps=1000)


@pytest.mark.parametrize(
    ("figures", "steps"),
    [(validated(0.9), 1000), (validated(0.007, 0.001), 200), (validated(0.06, 28.0), 1000)],
    ids=["a trained network", "one that has hardly begun", "fresh weights under a sigmoid"],
)
def test_a_network_that_learns_is_left_alone(figures, steps):
    safeguards.check_epoch(row(), figures, [row(loss=0.2)], steps)


def test_divergence_is_named():
    with pytest.raises(TrainingTroubleError, match="diverges"):
        safeguards.check_epoch(row(loss=2.0), validated(0.9), [row(loss=0.1), row(loss=0.3)], steps=1000)


def test_a_training_restarts_once_from_its_last_good_epoch_at_half_the_rate(
    pairs_folder, tmp_path, monkeypatch, capsys
):
    ills = [0.0, math.nan, 0.0, 0.0]  # of the epochs in the order in which they are tried
    check = safeguards.check_step
    monkeypatch.setattr(
        safeguards, "check_step", lambda loss, step: check(loss + (ills.pop(0) if step == 1 else 0), step)
    )
    out, settings = tmp_path / "run", [*TINY_TRAINING, "train.epochs=3", "data.patches_per_image=4"]
    train.run(pairs_folder / "lr", pairs_folder / "hr", out, None, settings, False, False)
    rates = [epoch_row["lr"] for epoch_row in read_history(out)]
    assert rates == pytest.approx([5e-3, 2.5e-3, 2.5e-3])
    restart = json.loads((out / "provenance.json").read_text())["restart"]
    assert (restart["epoch"], restart["rate_factor"]) == (2, 0.5)
    assert (
        "epoch 2 went wrong: the loss is nan at step 1. Going on from the weights of epoch 1" in capsys.readouterr().err
    )


def test_a_training_that_was_flat_for_epochs_begins_again(pairs_folder, tmp_path, monkeypatch, capsys):
    validations(monkeypatch, contrast=[0.0] * 4 + [1.0] * 4)
    monkeypatch.setattr(safeguards, "PATIENCE", 20)  # three epochs of six steps end before, the fourth after it

    def stop_after_the_restart(row):
        if "restart" in read_provenance(out):
            raise KeyboardInterrupt

    lr, hr, out = pairs_folder / "lr", pairs_folder / "hr", tmp_path / "run"
    settings = [*TINY_TRAINING, "train.epochs=4", "data.patches_per_image=4"]
    with pytest.raises(UnfinishedError, match="stopped after 1 of 4 epochs"):
        train.run(lr, hr, out, None, settings, resume=False, overwrite=False, watch=stop_after_the_restart)
    assert "epoch 4 went wrong: the output is flat" in (told := capsys.readouterr().err)
    assert "Going on from the first weights at half the learning rate" in told
    train.run(lr, hr, out, None, settings, resume=True, overwrite=False)
    assert [epoch_row["epoch"] for epoch_row in read_history(out)] == [1, 2, 3, 4]
    assert [epoch_row["lr"] for epoch_row in read_history(out)] == pytest.approx([2.5e-3] * 4)


def stop(row):
    raise KeyboardInterrupt


def test_a_resumed_training_begins_again_from_the_weights_that_it_once_began_with(
    pairs_folder, tiny_run, tmp_path, monkeypatch, capsys
):
    validations(monkeypatch, contrast=[0.0, 0.0, 1.0, 1.0])
    monkeypatch.setattr(safeguards, "PATIENCE", 20)  # the first epoch ends before, the second after it
    lr, hr, out = pairs_folder / "lr", pairs_folder / "hr", tmp_path / "run"
    settings = [*TINY_TRAINING, f"train.init={tiny_run}", "train.learning_rate=1e-12", "data.patches_per_image=8"]
    with pytest.raises(UnfinishedError, match="stopped after 1 of 2 epochs"):
        train.run(lr, hr, out, None, settings, resume=False, overwrite=False, watch=stop)
    train.run(lr, hr, out, None, settings, resume=True, overwrite=False)
    assert "epoch 2 went wrong: the output is flat" in (told := capsys.readouterr().err)
    assert "Going on from the first weights" in told, "those of epoch 1 were flat before the stop"
    first, last = (load_model(file).get_weights() for file in (tiny_run / "model.keras", out / "last.keras"))
    for a, b in zip(first, last, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_training_goes_on_without_the_file_that_it_began_with(pairs_folder, tiny_run, tmp_path):
    init = shutil.copy(tiny_run / "model.keras", tmp_path)
    lr, hr, out = pairs_folder / "lr", pairs_folder / "hr", tmp_path / "run"
    settings = [*TINY_TRAINING, f"train.init={init}", "data.patches_per_image=8"]
    with pytest.raises(UnfinishedError, match="stopped after 1 of 2 epochs"):
        train.run(lr, hr, out, None, settings, resume=False, overwrite=False, watch=stop)
    Path(init).unlink()
    train.run(lr, hr, out, None, [], resume=True, overwrite=False)
    assert len(read_history(out)) == 2


def test_a_training_that_goes_wrong_again_ends_with_a_word(pairs_folder, tmp_path, monkeypatch):
    validations(monkeypatch, contrast=itertools.repeat(0.0))
    monkeypatch.setattr(safeguards, "PATIENCE", 0)
    settings = [*TINY_TRAINING, "data.patches_per_image=4"]
    with pytest.raises(UnfinishedError, match="failed again, the output is flat"):
        train.run(pairs_folder / "lr", pairs_folder / "hr", tmp_path / "run", None, settings, False, False)
