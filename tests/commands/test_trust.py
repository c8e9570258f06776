import csv
import shutil

import numpy as np
import pytest
from image_files import write_ome_zarr
from invoking import expect_refusal, invoke

from dfcan_bmz import images
from dfcan_bmz.engines.keras_v3 import load_model
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.model import open_model


def test_maps_and_numbers_of_images_and_stacks(tiny_run, pairs_folder, tmp_path, capsys):
    source = pairs_folder / "lr/fov001_level02.tif"
    image = images.read(source)
    stack = np.stack([image.pixels, image.pixels[::-1]])
    images.write(tmp_path / "stack.tif", stack, "ZYX", images.Calibration.square(2 * image.pixel_size_nm, 300))
    invoke("trust", tiny_run, source, tmp_path / "stack.tif", "--out", tmp_path / "out")
    with (tmp_path / "out/trust.csv").open(newline="") as lines:
        rows = {row["image"]: row for row in csv.DictReader(lines)}
    assert list(rows) == ["fov001_level02", "stack[1]", "stack[2]"]
    assert rows["fov001_level02"]["outside"] == ""
    # no finer than the split allows, and the same image is as fine in pixels of another size
    assert 4 * 62.6 < float(rows["fov001_level02"]["lr_period"]) < 1000
    assert float(rows["stack[1]"]["lr_period"]) == pytest.approx(
        2 * float(rows["fov001_level02"]["lr_period"]), rel=1e-3
    )
    assert rows["stack[1]"]["unit"] == "nm"
    assert "its pixels are 125.2 nm, the model was trained on 62.6 nm" in rows["stack[2]"]["outside"]
    assert "warning: stack[1] is outside what the model has seen" in capsys.readouterr().err
    # a mirrored image has the mirrored maps
    single, both = (images.read(tmp_path / f"out/{stem}_disagreement.tif") for stem in ("fov001_level02", "stack"))
    assert both.pixels.shape == (2, 80, 80)
    assert both.calibration.z_nm == pytest.approx(300)
    np.testing.assert_allclose(both.pixels[1], single.pixels[::-1], atol=1e-5)
    assert single.pixel_size_nm == pytest.approx(31.3)
    reblurring = images.read(tmp_path / "out/fov001_level02_reblurring.tif")
    assert reblurring.pixels.shape == (40, 40)
    correlation = images.read(tmp_path / "out/stack_correlation.tif").pixels
    assert correlation.shape == (2, 40, 40)
    assert -1 <= correlation.min() < correlation.max() <= 1
    assert reblurring.pixel_size_nm == pytest.approx(62.6)
    assert (tmp_path / "out/stack_trust.png").is_file()


def test_images_that_are_unfit_are_named_and_the_others_done(tiny_run, pairs_folder, tmp_path, capsys):
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(pairs_folder / "lr/fov001_level02.tif", folder)
    images.write(folder / "flat.tif", np.full((40, 40), 7, np.uint16))
    images.write(folder / "tiny.tif", np.arange(25, dtype=np.uint16).reshape(5, 5))
    (folder / "photo.jpg").touch()
    with pytest.raises(UnfinishedError, match=r"2 of 3 images were left out: .*flat\.tif is constant.*tiny\.tif is sm"):
        invoke("trust", tiny_run, folder, "--out", tmp_path / "out")
    assert "photo.jpg is of no format that is read here" in capsys.readouterr().err
    assert (tmp_path / "out/fov001_level02_trust.png").is_file()
    expect_refusal("trust", tiny_run, folder / "flat.tif", "--out", tmp_path / "none", match="flat.tif is constant")
    assert not (tmp_path / "none").exists()
    (tmp_path / "other").mkdir()
    twice = [folder / "flat.tif", shutil.copy(folder / "flat.tif", tmp_path / "other")]
    expect_refusal("trust", tiny_run, *twice, "--out", tmp_path / "none", match="two images are called flat")


def test_an_ome_zarr_folder_is_an_image_and_its_maps_are_called_as_it_is(tiny_run, pairs_folder, tmp_path):
    write_ome_zarr(tmp_path / "cell.ome.zarr", images.read(pairs_folder / "lr/fov001_level02.tif").pixels[None])
    invoke("trust", tiny_run, tmp_path / "cell.ome.zarr", "--out", tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "trust.csv", "cell_trust.png", "cell_reblurring.tif", "cell_correlation.tif", "cell_disagreement.tif"
    }  # fmt: skip


def test_a_model_that_predicts_nan_is_told(tiny_run, pairs_folder, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    model = load_model(run / "model.keras")
    model.layers[-1].bias.assign([np.nan])
    model.save(run / "model.keras")
    image = pairs_folder / "lr/fov001_level02.tif"
    expect_refusal("trust", run, image, "--out", tmp_path / "out", match="holds NaN: the weights are damaged")


def with_evaluation(run, folder, *factors):
    """A copy of a run folder with an evaluation for each list of factors."""
    shutil.copytree(run, folder)
    for index, ours in enumerate(factors):
        evaluation = folder / f"evaluation/set{index}"
        evaluation.mkdir(parents=True)
        (evaluation / "uncertainty.csv").write_text("image,factor\n" + "".join(f"a,{factor}\n" for factor in ours))
    return folder


def test_a_model_whose_uncertainty_was_evaluated_has_error_bars(tiny_run, pairs_folder, tmp_path, capsys):
    """They are the disagreement times the largest of the evaluations' median factors."""
    run = with_evaluation(tiny_run, tmp_path / "run", [2, 3, 100], [4, 5, 6])
    invoke("trust", run, pairs_folder / "lr/fov001_level02.tif", "--out", tmp_path / "out")
    bar, spread = (images.read(tmp_path / f"out/fov001_level02_{name}.tif") for name in ("error_bar", "disagreement"))
    np.testing.assert_allclose(bar.pixels, 5 * spread.pixels, rtol=1e-6)
    assert bar.calibration == spread.calibration
    with (tmp_path / "out/trust.csv").open(newline="") as lines:
        (row,) = csv.DictReader(lines)
    assert float(row["error_bar"]) == pytest.approx(5 * float(row["disagreement"]), rel=1e-3)
    assert "was not measured" not in capsys.readouterr().err


def test_without_an_evaluation_there_is_none_and_a_note_says_how_to_get_one(tiny_run, pairs_folder, tmp_path, capsys):
    invoke("trust", tiny_run, pairs_folder / "lr/fov001_level02.tif", "--out", tmp_path / "out")
    assert not (tmp_path / "out/fov001_level02_error_bar.tif").exists()
    assert "--out RUN/evaluation/NAME" in capsys.readouterr().err


def test_an_evaluation_counts_as_soon_as_it_is_written(tiny_run, tmp_path):
    run = with_evaluation(tiny_run, tmp_path / "run")
    assert open_model(run).error_bar is None
    (run / "evaluation/new").mkdir(parents=True)
    (run / "evaluation/new/uncertainty.csv").write_text("image,factor\na,7.5\n")
    assert open_model(run).error_bar == 7.5


def test_maps_that_are_written_among_the_images_are_not_counted(tiny_run, pairs_folder, tmp_path, capsys):
    shutil.copy(pairs_folder / "lr/fov001_level02.tif", tmp_path)
    invoke("trust", tiny_run, tmp_path / "**/*.tif", "--out", tmp_path / "maps")
    assert "for each of 1 images" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text", ["", "image,factor\n", "image,psnr\na,3\n", "image,factor\na,much\n", "image,factor\na\n"]
)
def test_a_damaged_table_of_an_evaluation_is_named(tiny_run, tmp_path, text):
    run = with_evaluation(tiny_run, tmp_path / "run", [3])
    (run / "evaluation/set0/uncertainty.csv").write_text(text)
    with pytest.raises(DfcanError, match=r"uncertainty\.csv is damaged: evaluate the model again"):
        open_model(run)
