"""One training for several scales (VDSR): what it learns serves each of them, as a run folder of its own."""

import shutil

import keras
import numpy as np
import pytest

from dfcan_bmz import images, losses, run_folder
from dfcan_bmz.commands import degrade, predict, train
from dfcan_bmz.config import ModelConfig
from dfcan_bmz.data.pairs import find_pairs, open_pair
from dfcan_bmz.data.patches import batch, grid_patches
from dfcan_bmz.data.planes import prepare
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.models import build_model
from dfcan_bmz.training.settings import resolve

TINY_VDSR = ["model.name=vdsr", "model.filters=4", "model.blocks=3", "data.patch_size=16", "data.patches_per_image=8"]
RATE = ["train.learning_rate=5e-3", "train.batch_size=4", "train.loss=mse"]


@pytest.fixture(scope="module")
def sets(pairs_folder, tmp_path_factory):
    """The same HR images (80 px) with LR images of a half, a third and a quarter of their size."""
    folder = tmp_path_factory.mktemp("scales")
    for scale in (2, 3, 4):
        given = {"blur": 0.6 * scale, "noise": 0.02}
        degrade.run(pairs_folder / "hr", folder / f"x{scale}", scale, "em", settings=given)
    return folder


def run_training(sets, out, *settings, others=(3, 4), resume=False):
    overrides = [*TINY_VDSR, *RATE, f"data.other_scales={[str(sets / f'x{scale}') for scale in others]}", *settings]
    train.run(sets / "x2/lr", sets / "x2/hr", out, None, overrides, resume, overwrite=False)


@pytest.fixture(scope="module")
def run(sets, tmp_path_factory):
    """Trained on x2, x3 and x4; stopped once and resumed."""
    out = tmp_path_factory.mktemp("multi") / "run"
    run_training(sets, out, "train.epochs=2")
    (out / "other_scales/x3/evaluation/of-these-weights").mkdir(parents=True)
    run_training(sets, out, "train.epochs=4", resume=True)
    return out


def folder_of(run, scale):
    return run if scale == 2 else run / f"other_scales/x{scale}"


def error(model, pairs, scale):
    planes = [plane for pair in pairs for plane in prepare(*open_pair(pair, scale), "input")]
    x, y = batch(grid_patches(planes, 20))
    return float(np.mean(losses.mse(y, np.asarray(model(x)))))


def test_the_weights_are_equal_at_all_scales_and_lower_the_error_at_each(sets, run):
    expected = keras.saving.load_model(run / "model.keras", compile=False)
    for scale in (2, 3, 4):
        model = keras.saving.load_model(folder_of(run, scale) / "model.keras", compile=False)
        for ours, theirs in zip(model.trainable_weights, expected.trainable_weights, strict=True):
            np.testing.assert_array_equal(ours, theirs)
        assert model(np.zeros((1, 12, 10, 1), np.float32)).shape == (1, 12 * scale, 10 * scale, 1)
        config = run_folder.read_config(folder_of(run, scale))
        fresh = build_model(config.model, np.random.default_rng(config.train.seed))
        pairs = find_pairs(sets / f"x{scale}/lr", sets / f"x{scale}/hr")
        assert error(model, pairs, scale) < 0.9 * error(fresh, pairs, scale)


def test_the_folder_of_another_scale_is_a_run_folder(sets, run, tmp_path):
    out = folder_of(run, 3)
    assert {entry.name for entry in out.iterdir()} == {
        "config.yaml", "model.keras", "last.keras", "history.csv", "provenance.json", "sample_lr.tif", "sample_hr.tif"
    }  # fmt: skip
    assert run_folder.read_history(out) == run_folder.read_history(run)
    assert len(run_folder.read_history(out)) == 4
    assert run_folder.read_config(out).model == ModelConfig(name="vdsr", scale=3, filters=4, blocks=3)
    record, main = run_folder.read_provenance(out), run_folder.read_provenance(run)
    assert record["files"] == main["files"]
    assert len(record["files"]["training"]) + len(record["files"]["validation"]) == 3 * 8
    assert record["domain"] != main["domain"], "of the images of this scale"
    image = next((sets / "x3/lr").glob("*.tif"))
    predict.run(out, [image], tmp_path / "predicted")
    predicted = images.read(tmp_path / "predicted" / image.name)
    assert predicted.pixels.shape == (78, 78)


def test_the_settings_say_that_they_are_of_several_scales(run):
    assert len(run_folder.read_config(run).data.other_scales) == 2
    with pytest.raises(DfcanError, match=r"data\.other_scales"):
        resolve({}, None, ["data.other_scales=3"])


def test_a_network_whose_weights_depend_on_the_scale_is_refused(sets, tmp_path):
    with pytest.raises(DfcanError, match="edsr has weights that depend on the scale"):
        run_training(sets, tmp_path / "run", "model.name=edsr", others=(3,))
    assert not (tmp_path / "run").exists()


def test_a_scale_that_is_validated_and_not_trained_on_is_refused(sets, tmp_path):
    other = tmp_path / "x3"
    for part in ("lr", "hr"):
        (other / part).mkdir(parents=True)
        for file in (sets / "x3" / part).glob("fov000*"):
            shutil.copy(file, other / part)
    shutil.copy(sets / "x3/manifest.csv", other)
    with pytest.raises(DfcanError, match="images of scale 3 are missing"):
        run_training(sets, tmp_path / "run", f"data.other_scales=[{other}]", "data.validation=[fov000]")
