"""``--overwrite`` replaces what this package wrote, and nothing else."""

import numpy as np
import pytest
import tifffile
from prediction.enlarging import load

from dfcan_bmz import images, staging
from dfcan_bmz.commands import degrade, predict
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.quantities import size_text


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "in/a.tif"
    path.parent.mkdir()
    images.write(path, np.random.default_rng(0).gamma(2, 300, (20, 20)).astype(np.uint16))
    return path


@pytest.fixture(autouse=True)
def _no_model(monkeypatch):
    monkeypatch.setattr("dfcan_bmz.prediction.files.load_of", lambda *_: None)
    monkeypatch.setattr("dfcan_bmz.prediction.files.loaded", lambda _: load())


def run(image, out, file_format="tif", overwrite=True, resume=False):
    predict.run(None, [image], out, file_format=file_format, overwrite=overwrite, resume=resume)


def tree(folder):
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.mark.parametrize("file_format", ["tif", "zarr"])
def test_a_prediction_is_replaced(image, tmp_path, file_format):
    run(image, tmp_path / "out", file_format)
    before = tree(tmp_path / "out")
    run(image, tmp_path / "out", file_format)
    assert tree(tmp_path / "out").keys() == before.keys()


@pytest.mark.parametrize("resume", [True, False])
def test_an_image_or_a_folder_by_others_is_refused_and_left_alone(image, tmp_path, resume):
    out = tmp_path / "out"
    (out / "a.ome.zarr/0").mkdir(parents=True)
    (out / "a.ome.zarr/.zattrs").write_text('{"multiscales": []}')
    tifffile.imwrite(out / "a.tif", np.zeros((4, 4), np.uint8), imagej=True, metadata={"Info": "mine"})
    before = tree(out)
    for file_format in ("tif", "zarr"):
        with pytest.raises(DfcanError, match=r"a\.(tif|ome\.zarr) was not predicted by dfcan-bmz"):
            run(image, out, file_format, resume=resume)
    assert tree(out) == before


def test_a_prediction_into_which_somebody_has_put_a_file_is_refused(image, tmp_path):
    run(image, tmp_path / "out", "zarr")
    (tmp_path / "out/a.ome.zarr/my notes.txt").write_text("mine")
    with pytest.raises(DfcanError, match="holds my notes"):
        run(image, tmp_path / "out", "zarr")
    assert (tmp_path / "out/a.ome.zarr/my notes.txt").read_text() == "mine"


def test_a_place_that_is_no_folder_is_told_before_a_model_is_loaded(image, tmp_path, monkeypatch):
    monkeypatch.setattr("dfcan_bmz.prediction.files.load_of", lambda *_: pytest.fail("a model was loaded"))
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file/out"):
        with pytest.raises(DfcanError, match=r"cannot be written|is a file"):
            run(image, out)


@pytest.mark.parametrize("name", ["lr", "hr", "manifest.csv"])
def test_a_set_is_not_written_over_images_or_tables_of_others(image, tmp_path, name):
    out = tmp_path / "out"
    (out / name).mkdir(parents=True) if "." not in name else out.mkdir()
    mine = out / name / "mine.tif" if "." not in name else out / name
    mine.write_text("mine")
    with pytest.raises(DfcanError, match="was not written by dfcan-bmz"):
        degrade.run(image.parent, out, 2, "em", overwrite=True)
    assert tree(out) == tree(out) | {mine: b"mine"}
    assert {path.name for path in out.iterdir()} == {name}


def test_an_older_set_goes_as_a_whole_and_what_else_is_there_stays(image, tmp_path):
    out = tmp_path / "out"
    degrade.run(image.parent, out, 2, "em")
    (out / "notes.txt").write_text("mine")
    image.rename(image.with_name("b.tif"))
    degrade.run(image.parent, out, 2, "em", overwrite=True)
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert names == {"lr/b.tif", "hr/b.tif", "manifest.csv", "dataset.yaml", "notes.txt"}


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (999_999, "1.0 MB"), (4.2e9, "4.2 GB"), (5e15, "5000.0 TB")],
)
def test_sizes_are_told_in_units_that_say_something(count, text):
    assert size_text(int(count)) == text


@pytest.mark.parametrize("file_format", ["tif", "zarr"])
def test_an_output_that_is_kept_leaves_nothing_of_a_killed_overwrite_beside_it(image, tmp_path, file_format):
    run(image, tmp_path / "out", file_format)
    before = tree(tmp_path / "out")
    (target,) = (tmp_path / "out").iterdir()
    work = staging.begin(target, "predict", overwrite=True, keep=True)
    work.new.write_bytes(b"half of it")
    staging.end(work, keep=True)
    run(image, tmp_path / "out", file_format, overwrite=False, resume=True)
    assert tree(tmp_path / "out") == before


def test_who_repeats_a_killed_prediction_is_told_of_resume(image, tmp_path):
    run(image, tmp_path / "out")
    with pytest.raises(DfcanError, match=r"a\.tif exists already: .*--resume to keep it and do what is missing"):
        run(image, tmp_path / "out", overwrite=False)
