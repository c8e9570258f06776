"""Training as a user meets it: run folders, early stopping, resuming after a kill, Ctrl-C."""

import importlib
import importlib.util
import json
import re
import shutil
import signal
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
import yaml
from bundle_files import rewrite
from conftest import TINY_TRAINING, skip_engine
from PIL import Image as PillowImage
from training.ending import at_step, kill_at_step
from training.scripted import validations

import dfcan_bmz
from dfcan_bmz import losses, run_folder
from dfcan_bmz.commands import predict, train
from dfcan_bmz.data.pairs import find_pairs, open_pair, split
from dfcan_bmz.data.patches import batch, grid_patches
from dfcan_bmz.data.planes import prepare
from dfcan_bmz.errors import DfcanError, StoppedError, UnfinishedError
from dfcan_bmz.files import sha256
from dfcan_bmz.run_folder import read_history
from dfcan_bmz.training import safeguards

SHORT = "data.patches_per_image=4"  # six steps an epoch
ALWAYS = set(run_folder.ENTRIES) - {"tensorboard", "evaluation", "other_scales"}


def run_training(pairs, out, *overrides, resume=False, overwrite=False, watch=None):
    train.run(pairs / "lr", pairs / "hr", out, None, [*TINY_TRAINING, *overrides], resume, overwrite, watch)


def weights(path):
    return keras.saving.load_model(path, compile=False).get_weights()


def run_network(path, batch):
    return keras.ops.convert_to_numpy(keras.saving.load_model(path, compile=False)(batch))


def test_a_run_folder_holds_all_that_the_contract_names(tiny_run):
    assert {entry.name for entry in tiny_run.iterdir()} == ALWAYS
    assert (tiny_run / "history.csv").read_text().splitlines()[0] == (
        "epoch,loss,val_loss,mse,val_mse,psnr,val_psnr,lr,seconds"
    )
    record = json.loads((tiny_run / "provenance.json").read_text())
    assert len(record["files"]["training"]) == 6
    assert len(record["files"]["validation"]) == 2
    assert record["parameters"] == sum(weight.size for weight in weights(tiny_run / "model.keras"))
    assert str(tiny_run.parent) not in (tiny_run / "provenance.json").read_text()


def test_validation_figures_are_those_of_the_saved_weights(pairs_folder, tiny_run):
    config = run_folder.read_config(tiny_run)
    pairs = find_pairs(pairs_folder / "lr", pairs_folder / "hr")
    _, validation = split(pairs, config.data.validation, np.random.default_rng(config.train.seed))
    planes = [plane for pair in validation for plane in prepare(*open_pair(pair, 2), "own")]
    x, y = batch(grid_patches(planes, 16))
    predicted = run_network(tiny_run / "last.keras", x)
    row = read_history(tiny_run)[-1]
    assert row["val_loss"] == pytest.approx(float(keras.ops.mean(losses.dfcan(y, predicted))), rel=1e-4)
    assert row["val_psnr"] == pytest.approx(float(keras.ops.mean(losses.psnr(y, predicted))), rel=1e-4)


def test_training_figures_are_means_over_the_whole_epoch(pairs_folder, tmp_path, monkeypatch):
    seen = []

    def recorded(truth, prediction):
        values = losses.mae(truth, prediction)
        if keras.backend.backend() == "tensorflow":  # which runs this once, to record it
            importlib.import_module("tensorflow").py_function(lambda v: seen.extend(v.numpy().tolist()), [values], [])
        else:
            seen.extend(keras.ops.convert_to_numpy(values).tolist())
        return values

    monkeypatch.setitem(losses.LOSSES, "mae", lambda config: recorded)
    settings = ("train.loss=mae", "train.epochs=1", "train.batch_size=5", "data.patches_per_image=4")
    run_training(pairs_folder, tmp_path / "run", *settings)
    (row,) = read_history(tmp_path / "run")
    # before them, PyTorch may have seen a batch that Keras made up
    assert row["loss"] == pytest.approx(np.mean(seen[-32:-8]), rel=1e-5), "6 images x 4 patches, in batches of 5"
    assert row["val_loss"] == pytest.approx(np.mean(seen[-8:]), rel=1e-5)


def test_training_lowers_the_validation_loss(pairs_folder, tmp_path):
    watched = []
    run_training(pairs_folder, tmp_path / "run", "train.epochs=6", "data.patches_per_image=30", watch=watched.append)
    history = read_history(tmp_path / "run")
    assert [row["epoch"] for row in watched] == [row["epoch"] for row in history]
    assert history[-1]["val_loss"] < 0.8 * history[0]["val_loss"]


def test_an_image_too_small_to_be_turned_by_any_angle_is_refused(pairs_folder, tmp_path):
    with pytest.raises(DfcanError, match="smaller than the 50 that a patch of 32 needs"):
        run_training(pairs_folder, tmp_path / "run", "data.augment=[rotate]", "data.patch_size=32")
    assert not (tmp_path / "run").exists()


def test_training_stops_early_and_keeps_the_best_weights(pairs_folder, tmp_path, monkeypatch):
    validations(monkeypatch, loss=[3.0, 1.0, 2.0, 2.0, 2.0])
    run_training(pairs_folder, tmp_path / "run", "train.epochs=30", "train.patience=3", SHORT)
    history = read_history(tmp_path / "run")
    assert (len(history), run_folder.best_row(history)["epoch"]) == (5, 2)
    same = [
        np.array_equal(a, b)
        for a, b in zip(weights(tmp_path / "run/model.keras"), weights(tmp_path / "run/last.keras"), strict=True)
    ]
    assert not all(same), "best and last weights differ after three epochs without improvement"


def test_callbacks_of_keras_hear_of_all_and_may_end_the_training(pairs_folder, tmp_path):
    """24 patches in batches of 4 are six steps an epoch; an epoch's figures are those of the history."""
    heard, figures = [], []

    class Listening(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            heard.append(("begin", self.params["epochs"]))

        def on_epoch_begin(self, epoch, logs=None):
            heard.append(("epoch", epoch))

        def on_train_batch_end(self, batch, logs=None):
            heard.append(("batch", batch))
            assert np.isfinite(float(logs["loss"]))

        def on_epoch_end(self, epoch, logs=None):
            figures.append(logs)
            self.model.stop_training = epoch == 1

        def on_train_end(self, logs=None):
            heard.append(("end", None))

    folders, settings = (pairs_folder / "lr", pairs_folder / "hr"), [*TINY_TRAINING, SHORT, "train.epochs=9"]
    out = dfcan_bmz.train(*folders, out=tmp_path / "run", overrides=settings, callbacks=[Listening()])
    batches = [("batch", number) for number in range(6)]
    assert heard == [("begin", 9), ("epoch", 0), *batches, ("epoch", 1), *batches, ("end", None)]
    assert figures == read_history(out)


@pytest.mark.parametrize(
    "more", [("train.accumulate=2",), ("train.adversarial=0.1", "train.discriminator=2")], ids=["alone", "with a rival"]
)
def test_resuming_after_a_kill_equals_an_unbroken_training(pairs_folder, tmp_path, more):
    settings = ("train.epochs=4", "train.schedule=onecycle", "train.ema=0.9", "data.patches_per_image=8", *more)
    run_training(pairs_folder, tmp_path / "unbroken", *settings)
    # 6 images x 8 patches in batches of 4 are 12 steps an epoch
    kill_at_step(30, pairs_folder, tmp_path / "killed", *TINY_TRAINING, *settings)
    assert len(read_history(tmp_path / "killed")) == 2
    train.run(pairs_folder / "lr", pairs_folder / "hr", tmp_path / "killed", None, [], resume=True, overwrite=False)
    unbroken, killed = read_history(tmp_path / "unbroken"), read_history(tmp_path / "killed")
    assert len(killed) == 4
    for column in ("loss", "val_loss", "psnr", "lr"):
        np.testing.assert_allclose([r[column] for r in killed], [r[column] for r in unbroken], rtol=1e-4)
    for a, b in zip(weights(tmp_path / "unbroken/last.keras"), weights(tmp_path / "killed/last.keras"), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.fixture
def _heeding_ctrl_c():
    """A job in the background of a shell ignores Ctrl-C, and a command that ran here before listens to it still."""
    before, listener = signal.signal(signal.SIGINT, signal.default_int_handler), signal.set_wakeup_fd(-1)
    yield
    signal.signal(signal.SIGINT, before)
    signal.set_wakeup_fd(listener)


@pytest.mark.usefixtures("_heeding_ctrl_c")
@pytest.mark.parametrize(("step", "epochs"), [(3, 0), (10, 1)])
def test_ctrl_c_leaves_a_usable_run_folder(pairs_folder, tmp_path, monkeypatch, step, epochs):
    out = tmp_path / "run"
    monkeypatch.setattr(safeguards, "check_step", at_step(step, lambda: signal.raise_signal(signal.SIGINT)))
    with pytest.raises(StoppedError, match="--resume") as stopped:
        run_training(pairs_folder, out, SHORT)
    assert "\n" not in str(stopped.value)
    assert len(read_history(out)) == epochs
    image = next((pairs_folder / "lr").glob("*.tif"))
    predict.run(out, [image], tmp_path / "predicted")
    assert (tmp_path / "predicted" / image.name).is_file()


def test_a_kill_in_the_first_epoch_is_resumed_from_its_starting_weights(pairs_folder, tiny_run, tmp_path):
    settings = (f"train.init={tiny_run}", "train.epochs=1", SHORT, "train.learning_rate=1e-12")
    kill_at_step(3, pairs_folder, tmp_path / "run", *TINY_TRAINING, *settings)
    assert not read_history(tmp_path / "run")
    run_training(pairs_folder, tmp_path / "run", *settings, resume=True)
    for a, b in zip(weights(tiny_run / "model.keras"), weights(tmp_path / "run/last.keras"), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_failed_overwrite_leaves_the_older_run(pairs_folder, tiny_run, tmp_path, monkeypatch):
    out = shutil.copytree(tiny_run, tmp_path / "run")

    def fail(*_):
        raise UnfinishedError("no")

    monkeypatch.setattr("dfcan_bmz.training.run.fitting", fail)
    with pytest.raises(UnfinishedError):
        run_training(pairs_folder, out, overwrite=True)
    assert {entry.name for entry in out.iterdir()} == ALWAYS
    assert (out / "model.keras").read_bytes() == (tiny_run / "model.keras").read_bytes()


def test_overwriting_replaces_the_older_run(pairs_folder, tiny_run, tmp_path):
    out = shutil.copytree(tiny_run, tmp_path / "run")
    run_training(pairs_folder, out, "train.epochs=1", SHORT, overwrite=True)
    assert len(read_history(out)) == 1
    assert {entry.name for entry in out.iterdir()} == ALWAYS


def test_a_loss_that_is_no_number_ends_the_training_with_a_word(pairs_folder, tmp_path, monkeypatch):
    def broken(truth, prediction):
        return losses.mae(truth, prediction) * float("nan")

    monkeypatch.setitem(losses.LOSSES, "mse", lambda config: broken)
    with pytest.raises(UnfinishedError, match="learning_rate"):
        run_training(pairs_folder, tmp_path / "run", "train.loss=mse")


@pytest.mark.parametrize(("init", "file"), [(".", "model.keras"), ("last.keras", "last.keras")])
def test_a_training_can_start_from_the_best_or_the_last_weights_of_another(
    pairs_folder, tiny_run, tmp_path, init, file
):
    settings = ("train.learning_rate=1e-12", "train.epochs=1", SHORT)
    run_training(pairs_folder, tmp_path / "run", f"train.init={tiny_run / init}", *settings)
    for a, b in zip(weights(tiny_run / file), weights(tmp_path / "run/last.keras"), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    origin = run_folder.read_provenance(tmp_path / "run")["initial_weights"]
    assert origin["sha256"] == sha256(tiny_run / file)
    assert Path(origin["name"]).name == file


def test_a_training_from_a_run_folder_has_its_network(pairs_folder, tiny_run, tmp_path):
    settings = [setting for setting in TINY_TRAINING if not setting.startswith("model.")]
    settings += [f"train.init={tiny_run}", "train.epochs=1", SHORT]
    train.run(pairs_folder / "lr", pairs_folder / "hr", tmp_path / "run", None, settings, False, False)
    assert run_folder.read_config(tmp_path / "run").model == run_folder.read_config(tiny_run).model


def test_a_training_ends_when_its_time_is_up_and_goes_on_when_it_gets_more(pairs_folder, tmp_path):
    settings = ("train.minutes=0.000001", "train.epochs=3", SHORT)
    run_training(pairs_folder, tmp_path / "run", *settings)
    assert len(read_history(tmp_path / "run")) == 1, "over after the first step"
    (tmp_path / "run/evaluation/of-these-weights").mkdir(parents=True)
    run_training(pairs_folder, tmp_path / "run", *settings, "train.minutes=0", resume=True)
    assert [row["epoch"] for row in read_history(tmp_path / "run")] == [1, 2, 3]
    assert not (tmp_path / "run/evaluation").exists()


def test_what_makes_one_step_of_several_batches_clips_and_averages_goes_on_after_a_stop(pairs_folder, tmp_path):
    if importlib.util.find_spec("tensorboard") is None:
        skip_engine("the log for TensorBoard needs the extra tensorboard")
    settings = (
        "train.accumulate=2",
        "train.clip=0.5",
        "train.warmup=4",
        "train.ema=0.9",
        "train.tensorboard=true",
        SHORT,
    )
    run_training(pairs_folder, tmp_path / "unbroken", *settings, "train.epochs=3")
    run_training(pairs_folder, tmp_path / "stopped", *settings, "train.epochs=2")
    run_training(pairs_folder, tmp_path / "stopped", "train.epochs=3", SHORT, resume=True)
    unbroken, stopped = read_history(tmp_path / "unbroken"), read_history(tmp_path / "stopped")
    for column in ("loss", "val_loss", "lr"):
        np.testing.assert_allclose([r[column] for r in stopped], [r[column] for r in unbroken], rtol=1e-4)
    assert next((tmp_path / "stopped/tensorboard").iterdir()).stat().st_size > 1000


def test_pictures_of_the_validation_show_lr_prediction_and_hr_of_each_epoch_that_improved(tiny_run):
    best = run_folder.best_row(read_history(tiny_run))["epoch"]
    with PillowImage.open(tiny_run / f"validation/epoch{best:04d}.png") as picture:
        assert (picture.size, picture.mode) == ((3 * 32, 3 * 32), "L")


@pytest.mark.parametrize(("precision", "difference"), [("mixed_bfloat16", 5e-3), ("mixed_float16", 1e-3)])
def test_mixed_precision_is_for_training_and_what_is_saved_is_float32(
    pairs_folder, tiny_run, tmp_path, precision, difference
):
    few = (f"train.init={tiny_run}", "train.learning_rate=5e-4", "data.patches_per_image=4")
    run_training(pairs_folder, tmp_path / "exact", *few)
    run_training(pairs_folder, tmp_path / "run", *few, f"train.precision={precision}", "train.epochs=1")
    run_training(pairs_folder, tmp_path / "run", *few, f"train.precision={precision}", resume=True)
    model = keras.saving.load_model(tmp_path / "run/last.keras", compile=False)
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}
    assert {weight.dtype for weight in model.weights} == {"float32"}
    history, exact = read_history(tmp_path / "run"), read_history(tmp_path / "exact")
    assert [row["val_loss"] for row in history] == pytest.approx([row["val_loss"] for row in exact], abs=difference)
    assert history[-1]["val_loss"] != exact[-1]["val_loss"], "computed in 16 bits"
    image = np.random.default_rng(0).uniform(size=(1, 32, 32, 1)).astype(np.float32)
    expected = run_network(tmp_path / "exact/last.keras", image)
    assert np.std(expected) > 10 * difference
    np.testing.assert_allclose(run_network(tmp_path / "run/last.keras", image), expected, atol=difference)


def test_a_training_can_start_from_a_bundle(pairs_folder, tiny_run, tiny_bundle, tmp_path):
    settings = ("train.learning_rate=1e-12", "train.epochs=1", SHORT)
    run_training(pairs_folder, tmp_path / "run", f"train.init={tiny_bundle}", *settings)
    for a, b in zip(weights(tiny_run / "model.keras"), weights(tmp_path / "run/last.keras"), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_bundle_without_weights_for_keras_is_no_start(pairs_folder, tiny_bundle, tmp_path):
    with zipfile.ZipFile(tiny_bundle) as bundle:
        description = yaml.safe_load(bundle.read("rdf.yaml"))
    del description["weights"]["keras_v3"]
    other = rewrite(tiny_bundle, tmp_path / "other.zip", {"rdf.yaml": yaml.safe_dump(description)})
    with pytest.raises(DfcanError, match="keras_v3"):
        run_training(pairs_folder, tmp_path / "run", f"train.init={other}")
    assert not (tmp_path / "run").exists()


def test_weights_of_another_network_are_refused_before_anything_is_written(pairs_folder, tiny_run, tmp_path):
    with pytest.raises(DfcanError, match="another network"):
        run_training(pairs_folder, tmp_path / "run", f"train.init={tiny_run}", "model.filters=8")
    assert not (tmp_path / "run").exists()


def test_resuming_with_other_images_or_another_network_is_refused(pairs_folder, tiny_run, tmp_path):
    with pytest.raises(DfcanError, match=r"model\.filters 4, not 8"):
        run_training(pairs_folder, tiny_run, "model.filters=8", resume=True)
    others = tmp_path / "others"
    shutil.copytree(pairs_folder, others)
    for image in others.glob("?r/fov001*.tif"):
        shutil.copyfile(image.with_name(image.name.replace("fov001", "fov000")), image)
    with pytest.raises(DfcanError, match="other images"):
        run_training(others, tiny_run, resume=True)


def test_the_environment_names_the_backend(tiny_run):
    assert json.loads((tiny_run / "provenance.json").read_text())["backend"] == "tensorflow"


def test_a_resume_that_is_refused_or_has_nothing_to_do_changes_nothing(pairs_folder, tiny_run, tmp_path, capsys):
    out = tmp_path / "run"
    shutil.copytree(tiny_run, out)
    (out / "evaluation/held-out").mkdir(parents=True)
    before = (out / "config.yaml").read_bytes()
    with pytest.raises(DfcanError, match=r"train\.ema 0\.0, not 0\.9"):
        run_training(pairs_folder, out, "train.ema=0.9", "train.epochs=3", resume=True)
    run_training(pairs_folder, out, "train.epochs=1", resume=True)
    assert (out / "config.yaml").read_bytes() == before
    assert (out / "evaluation/held-out").is_dir()
    run_training(pairs_folder, out, "train.epochs=3", resume=True)
    assert not (out / "evaluation").exists()
    assert re.search(r"about \d+ s for 1 epoch on this processor", capsys.readouterr().out), "what is left"
