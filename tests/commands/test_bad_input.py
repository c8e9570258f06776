"""Bad input: one line that names the file and says what to do, exit code 2, nothing written."""

import shutil
import zipfile

import numpy as np
import pytest
import tifffile
from invoking import expect_refusal, invoke, train_arguments

from dfcan_bmz import images
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.resources import refuse_narrow_limit


@pytest.fixture
def pairs(pairs_folder, tmp_path):
    """A copy of the pairs that a test may spoil."""
    return shutil.copytree(pairs_folder, tmp_path / "pairs")


NAME = "fov001_level02.tif"


def rgb(folder):
    tifffile.imwrite(folder / "lr" / NAME, np.zeros((40, 40, 3), np.uint8), photometric="rgb")


def rgba(folder):
    pixels = np.zeros((40, 40, 4), np.uint8)
    tifffile.imwrite(folder / "hr" / NAME, pixels, photometric="rgb", extrasamples=["unassalpha"])


def complex_numbers(folder):
    tifffile.imwrite(folder / "lr" / NAME, np.ones((40, 40), np.complex64))


def boolean(folder):
    tifffile.imwrite(folder / "lr" / NAME, np.ones((40, 40), bool))


def nan(folder):
    tifffile.imwrite(folder / "lr" / NAME, np.full((40, 40), np.nan, np.float32))


def constant(folder):
    images.write(folder / "hr" / NAME, np.full((80, 80), 7, np.uint16))


def truncated(folder):
    content = (folder / "lr" / NAME).read_bytes()
    (folder / "lr" / NAME).write_bytes(content[: len(content) // 2])


def wrong_scale(folder):
    images.write(folder / "hr" / NAME, np.arange(120 * 120, dtype=np.uint16).reshape(120, 120))


def small(folder):
    images.write(folder / "lr" / NAME, np.arange(144, dtype=np.uint16).reshape(12, 12))
    images.write(folder / "hr" / NAME, np.arange(576, dtype=np.uint16).reshape(24, 24))


def unpaired(folder):
    (folder / "hr" / NAME).unlink()


@pytest.mark.parametrize(
    "spoil", [rgb, rgba, complex_numbers, boolean, nan, constant, truncated, wrong_scale, small, unpaired]
)
def test_training_names_the_image_that_is_unfit(pairs, tmp_path, spoil):
    spoil(pairs)
    expect_refusal(*train_arguments(pairs, tmp_path / "run"), match=NAME.removesuffix(".tif"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("saved_anew", [False, True])
def test_an_image_is_not_trained_on_and_validated_on_under_two_names(pairs, tmp_path, saved_anew):
    copy = pairs / "hr/fov001_level02.tif"
    if saved_anew:
        tifffile.imwrite(copy, images.read(copy).pixels.astype(np.float32), compression="zlib")
    rows = (pairs / "manifest.csv").read_text()
    (pairs / "manifest.csv").write_text(rows.replace("fov001_level02,fov001", "fov001_level02,other"))
    arguments = train_arguments(pairs, tmp_path / "run", "data.validation=[other]")
    expect_refusal(*arguments, match="fov001_level01 and fov001_level02 are the same image")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("spoil", [rgb, complex_numbers, nan, constant, truncated, wrong_scale, unpaired])
def test_evaluation_names_the_image_that_is_unfit(pairs, tiny_run, tmp_path, spoil):
    spoil(pairs)
    arguments = ["evaluate", tiny_run, "--lr", pairs / "lr", "--hr", pairs / "hr", "--out", tmp_path / "out"]
    expect_refusal(*arguments, match=NAME.removesuffix(".tif"))
    assert not (tmp_path / "out").exists()


def test_an_empty_folder_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    for command in (
        ["train", "--lr", tmp_path / "empty", "--hr", tmp_path / "empty", "--out", tmp_path / "out"],
        ["degrade", tmp_path / "empty", tmp_path / "out"],
        ["predict", tmp_path / "model.zip", tmp_path / "empty", "--out", tmp_path / "out"],
    ):
        expect_refusal(*command, match="empty has no images")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("setting", ["train.epoch=3", "train.batch_size=0", "model.name=unet", "data.patch_size=15"])
def test_a_wrong_setting_is_named(pairs_folder, tmp_path, setting):
    arguments = train_arguments(pairs_folder, tmp_path / "run", setting)
    expect_refusal(*arguments, match=setting.split("=")[0])
    assert not (tmp_path / "run").exists()


def test_a_run_folder_without_weights_is_named(tiny_run, tiny_recipe, pairs_folder, tmp_path):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    (run / "model.keras").unlink()
    image = next((pairs_folder / "lr").glob("*.tif"))
    expect_refusal("predict", run, image, "--out", tmp_path / "out", match=r"run has no weights")
    expect_refusal("package", run, "--recipe", tiny_recipe, "--out", tmp_path / "out.zip", match=r"run has no weights")
    assert not list(tmp_path.glob("out*"))


def test_damaged_weights_are_named(tiny_run, pairs_folder, tmp_path):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    (run / "model.keras").write_bytes(b"damaged")
    image = next((pairs_folder / "lr").glob("*.tif"))
    expect_refusal("predict", run, image, "--out", tmp_path / "out", match=r"model\.keras cannot be loaded")


@pytest.mark.parametrize("content", ["text", "zip", "bad yaml", "no model"])
def test_a_file_that_is_no_bundle_is_named(pairs_folder, tmp_path, content):
    bundle = tmp_path / "thing.zip"
    if content == "text":
        bundle.write_text("no zip")
    else:
        with zipfile.ZipFile(bundle, "w") as archive:
            rdf = {"zip": None, "bad yaml": "a: [", "no model": "type: dataset\nname: x\n"}[content]
            archive.writestr("rdf.yaml" if rdf else "other.txt", rdf or "other")
    image = next((pairs_folder / "lr").glob("*.tif"))
    with pytest.raises(DfcanError, match=r"thing\.zip") as refusal:
        invoke("check", bundle)
    # a bundle whose description is broken is found broken; anything else is no bundle
    assert refusal.value.exit_code == (2 if content in ("text", "zip") else 1)
    expect_refusal("predict", bundle, image, "--out", tmp_path / "out", match=r"thing\.zip")
    assert not (tmp_path / "out").exists()


def test_an_output_that_exists_is_refused_without_overwrite(pairs_folder, tiny_run, tiny_recipe, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("mine")
    (tmp_path / "out.zip").write_text("mine")
    for command in (
        ["simulate", tmp_path / "out"],
        ["degrade", pairs_folder / "hr", tmp_path / "out"],
        ["demo", "--out", tmp_path / "out"],
        train_arguments(pairs_folder, tmp_path / "out"),
        ["evaluate", tiny_run, "--lr", pairs_folder / "lr", "--hr", pairs_folder / "hr", "--out", tmp_path / "out"],
        ["package", tiny_run, "--recipe", tiny_recipe, "--out", tmp_path / "out.zip"],
    ):
        expect_refusal(*command, match="--overwrite")
    (tmp_path / "predicted").mkdir()
    (tmp_path / "predicted/fov000_level01.tif").write_text("mine")
    arguments = ["predict", tiny_run, pairs_folder / "lr", "--out", tmp_path / "predicted"]
    expect_refusal(*arguments, match="--overwrite")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_a_demo_from_weights_that_are_not_there_names_those_that_are(tmp_path):
    expect_refusal("demo", "--model", "no_such_model", "--out", tmp_path / "out", match="no_such_model does not exist")
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_over_what_is_read_even_with_overwrite(pairs, tiny_run):
    expect_refusal("degrade", pairs / "hr", pairs, "--overwrite", match="would overwrite an input")
    arguments = ["predict", tiny_run, pairs / "lr", "--out", pairs / "lr", "--overwrite"]
    expect_refusal(*arguments, match="would overwrite an input")


def test_a_file_where_a_folder_is_to_be_written_is_named(pairs, tiny_run, tmp_path):
    (tmp_path / "out").write_text("mine")
    for command in (
        ["predict", tiny_run, pairs / "lr", "--out", tmp_path / "out", "--overwrite"],
        [*train_arguments(pairs, tmp_path / "out"), "--overwrite"],
        ["simulate", tmp_path / "out", "--overwrite"],
    ):
        expect_refusal(*command, match="out is a file")


def test_an_image_too_small_to_be_measured_is_named(tiny_run, pairs, tmp_path):
    images.write(pairs / "lr" / NAME, np.arange(25, dtype=np.uint16).reshape(5, 5))
    images.write(pairs / "hr" / NAME, np.arange(100, dtype=np.uint16).reshape(10, 10))
    arguments = ["evaluate", tiny_run, "--lr", pairs / "lr", "--hr", pairs / "hr", "--out", tmp_path / "out"]
    expect_refusal(*arguments, match=NAME)


def test_a_limit_under_which_tensorflow_would_abort_is_refused(monkeypatch):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (2 * 10**9, resource.RLIM_INFINITY))
    with pytest.raises(DfcanError, match=r"grants 2\.0 GB of memory.*ulimit -v"):
        refuse_narrow_limit()
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (resource.RLIM_INFINITY,) * 2)
    refuse_narrow_limit()
