import json
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from conftest import command_line
from image_files import write_ome_zarr
from invoking import invoke

from dfcan_bmz import images
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.files import sha256
from dfcan_bmz.prediction import stream


def test_outputs_are_float32_s_times_as_large_with_the_pixel_size_divided_by_s(pairs_folder, tiny_run, tmp_path):
    invoke("predict", tiny_run, pairs_folder / "lr", "--out", tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(tmp_path / path.name for path in (pairs_folder / "lr").iterdir())
    image = images.read(tmp_path / "fov000_level01.tif")
    assert image.pixels.shape == (80, 80)
    assert image.pixels.dtype == np.float32
    assert image.pixel_size_nm == pytest.approx(62.6 / 2, rel=1e-5)
    assert image.pixels.min() >= 0
    assert image.pixels.max() <= 1


@pytest.mark.parametrize("shape", [(7, 9), (1, 33), (41, 40)])
def test_any_size_is_predicted(tiny_run, tmp_path, shape):
    images.write(tmp_path / "odd.tif", np.random.default_rng(0).integers(0, 999, shape).astype(np.uint16))
    invoke("predict", tiny_run, tmp_path / "odd.tif", "--out", tmp_path / "out")
    assert tifffile.imread(tmp_path / "out/odd.tif").shape == (2 * shape[0], 2 * shape[1])


def test_images_unlike_those_of_the_training_are_named(tiny_run, pairs_folder, tmp_path, capsys):
    noise = np.random.default_rng(0).integers(0, 999, (3, 1100, 60)).astype(np.uint16)
    images.write(tmp_path / "noise.tif", noise, "ZYX", calibration=images.Calibration.square(200.0))
    known = pairs_folder / "lr/fov001_level02.tif"
    invoke("predict", tiny_run, tmp_path / "noise.tif", known, "--out", tmp_path / "out")
    (warning,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning")]
    assert "noise.tif is outside what the model has seen: its pixels are 200 nm" in warning
    assert "histogram" in warning


def test_planes_of_a_stack_are_predicted_one_by_one(tiny_run, tmp_path):
    stack = np.random.default_rng(0).integers(0, 999, (3, 20, 24)).astype(np.uint16)
    images.write(tmp_path / "stack.tif", stack, "TYX")
    images.write(tmp_path / "plane.tif", stack[1])
    invoke("predict", tiny_run, tmp_path / "stack.tif", tmp_path / "plane.tif", "--out", tmp_path / "out")
    predicted = images.read(tmp_path / "out/stack.tif")
    assert predicted.axes == "TYX"
    np.testing.assert_allclose(predicted.pixels[1], tifffile.imread(tmp_path / "out/plane.tif"), atol=1e-5)


def test_keep_maps_unit_range_to_the_percentiles_of_the_input(tiny_run, tmp_path):
    lr = np.random.default_rng(0).gamma(2, 300, (30, 30)).astype(np.float32)
    images.write(tmp_path / "a.tif", lr)
    for intensity in ("unit", "keep"):
        invoke("predict", tiny_run, tmp_path / "a.tif", "--out", tmp_path / intensity, "--intensity", intensity)
    low, high = np.percentile(lr, (0.1, 99.9))
    unit, kept = (tifffile.imread(tmp_path / intensity / "a.tif") for intensity in ("unit", "keep"))
    np.testing.assert_allclose(kept, low + unit * (high - low), rtol=1e-4)


def test_a_bad_image_among_good_ones_is_left_out_and_reported(pairs_folder, tiny_run, tmp_path):
    good = next((pairs_folder / "lr").glob("*.tif"))
    (tmp_path / "bad.tif").write_text("no image")
    with pytest.raises(UnfinishedError, match=r"1 of 2 images were left out.*bad\.tif") as failure:
        invoke("predict", tiny_run, tmp_path / "bad.tif", good, "--out", tmp_path / "out")
    assert failure.value.exit_code == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == [good.name]


def test_uint16_outputs_and_those_that_were_clipped_are_counted(tiny_run, tmp_path, capsys):
    lr = np.random.default_rng(0).normal(0, 1000, (30, 30)).astype(np.float32)
    images.write(tmp_path / "a.tif", lr)
    arguments = ("predict", tiny_run, tmp_path / "a.tif", "--dtype", "uint16", "--out")
    invoke(*arguments, tmp_path / "unit")
    assert "clipped" not in capsys.readouterr().out
    pixels = tifffile.imread(tmp_path / "unit/a.tif")
    assert pixels.dtype == np.uint16
    invoke("predict", tiny_run, tmp_path / "a.tif", "--out", tmp_path / "float")
    np.testing.assert_array_equal(pixels, np.rint(tifffile.imread(tmp_path / "float/a.tif") * np.float32(65535)))
    assert pixels.max() > 10000
    invoke(*arguments, tmp_path / "keep", "--intensity", "keep")
    assert "pixels were outside uint16 and were clipped" in capsys.readouterr().out


def test_an_output_says_what_made_it(tiny_run, pairs_folder, tmp_path):
    invoke("predict", tiny_run, pairs_folder / "lr/fov000_level01.tif", "--out", tmp_path)
    with tifffile.TiffFile(tmp_path / "fov000_level01.tif") as file:
        notes = file.imagej_metadata["Info"]
    assert "Predicted, not measured" in notes
    assert sha256(tiny_run / "model.keras") in notes


def test_resuming_keeps_what_is_done_by_the_same_model(tiny_run, pairs_folder, tmp_path):
    lr = sorted((pairs_folder / "lr").glob("*.tif"))[:3]
    invoke("predict", tiny_run, lr[0], "--out", tmp_path)
    first = tmp_path / lr[0].name
    written = first.stat().st_mtime_ns
    with pytest.raises(DfcanError, match="exists already"):
        invoke("predict", tiny_run, *lr, "--out", tmp_path)
    invoke("predict", tiny_run, *lr, "--out", tmp_path, "--resume")
    assert first.stat().st_mtime_ns == written
    assert sorted(path.name for path in tmp_path.iterdir()) == [path.name for path in lr]
    with pytest.raises(DfcanError, match=r"other settings \(now: Intensities: the input's"):
        invoke("predict", tiny_run, *lr, "--out", tmp_path, "--resume", "--intensity", "keep")
    images.write(first, np.zeros((80, 80), np.float32))
    with pytest.raises(DfcanError, match="not an output of this model"):
        invoke("predict", tiny_run, *lr, "--out", tmp_path, "--resume")


KILLED_IN_THE_SECOND_BAND = """
import os, sys
from dfcan_bmz import cli
from dfcan_bmz.prediction import stream

bands = stream.predict_bands

def killed(*arguments, **options):
    for count, band in enumerate(bands(*arguments, **options)):
        if count == 1:
            os._exit(9)
        yield band

stream.predict_bands = killed
cli.main()
"""


def test_a_prediction_killed_half_way_goes_on_where_it_was(tiny_run, tmp_path, monkeypatch):
    images.write(tmp_path / "a.tif", np.random.default_rng(0).integers(0, 999, (1500, 40)).astype(np.uint16))
    invoke("predict", tiny_run, tmp_path / "a.tif", "--out", tmp_path / "unbroken")
    target, notes = tmp_path / "killed/a.tif", tmp_path / "killed/.a.tif.partial/progress.json"
    command = ["predict", tiny_run, tmp_path / "a.tif", "--out", target.parent]
    program = [sys.executable, "-c", KILLED_IN_THE_SECOND_BAND, *map(str, command)]
    answer = subprocess.run(program, capture_output=True, text=True)
    assert answer.returncode == 9, answer.stderr
    assert not target.exists()
    written = json.loads(notes.read_text())["done"][1]
    assert written
    began, bands = [], stream.predict_bands

    def noted(predictor, read, shape, rows, on_tile):
        began.append(rows.start)
        return bands(predictor, read, shape, rows, on_tile=on_tile)

    monkeypatch.setattr(stream, "predict_bands", noted)
    invoke(*command)
    assert began == [written]
    assert sorted(target.parent.iterdir()) == [target]
    np.testing.assert_allclose(tifffile.imread(target), tifffile.imread(tmp_path / "unbroken/a.tif"), atol=1e-5)


def test_an_ome_tiff_that_is_there_is_kept_by_resume(tiny_run, tmp_path):
    stack = np.random.default_rng(0).integers(0, 999, (2, 20, 24)).astype(np.uint16)
    images.write(
        tmp_path / "a.tif", stack, "ZYX", images.Calibration.square(None, 200.0)
    )  # ImageJ's TIFF has no place for this
    command = ("predict", tiny_run, tmp_path / "a.tif", "--out", tmp_path / "out")
    invoke(*command)
    with tifffile.TiffFile(tmp_path / "out/a.tif") as file:
        assert file.is_ome
    written = (tmp_path / "out/a.tif").stat().st_mtime_ns
    invoke(*command, "--resume")
    assert (tmp_path / "out/a.tif").stat().st_mtime_ns == written
    with pytest.raises(DfcanError, match=r"other settings \(now: Intensities: the input's"):
        invoke(*command, "--resume", "--intensity", "keep")


def test_keras_on_torch_predicts_the_same(tiny_run, pairs_folder, tmp_path, monkeypatch):
    image = pairs_folder / "lr/fov000_level01.tif"
    invoke("predict", tiny_run, image, "--out", tmp_path / "here")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    answer = command_line("predict", tiny_run, image, "--out", tmp_path / "there")
    assert answer.returncode == 0, answer.stderr
    here, there = (tifffile.imread(tmp_path / place / image.name) for place in ("here", "there"))
    np.testing.assert_allclose(there, here, atol=1e-5)


def test_patterns_name_images_and_mixed_shapes_are_told(tiny_run, tmp_path, capsys):
    for name, size in (("a1.tif", 20), ("a2.tif", 31), ("b.tif", 20)):
        images.write(tmp_path / name, np.random.default_rng(0).integers(0, 999, (size, 20)).astype(np.uint16))
    invoke("predict", tiny_run, tmp_path / "a*.tif", "--out", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a1.tif", "a2.tif"]
    assert "2 shapes (20 x 20, 31 x 20)" in capsys.readouterr().err
    with pytest.raises(DfcanError, match="nothing matches"):
        invoke("predict", tiny_run, tmp_path / "c*.tif", "--out", tmp_path / "out")


def test_what_the_system_refuses_for_one_image_is_told_and_the_others_are_done(
    tiny_run, pairs_folder, tmp_path, monkeypatch
):
    first, second = sorted((pairs_folder / "lr").glob("*.tif"))[:2]
    real = stream.predict_to_file

    def refused(job, on_tile):
        if job.image.path == first:
            raise OSError(5, "Input/output error", str(first))
        return real(job, on_tile)

    monkeypatch.setattr(stream.InProcess, "predict", staticmethod(refused))
    with pytest.raises(UnfinishedError, match=r"1 of 2 images were left out: .*Input/output error"):
        invoke("predict", tiny_run, first, second, "--out", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [second.name]


def test_a_page_that_turns_out_damaged_spoils_its_own_image_only(tiny_run, tmp_path):
    stack = np.random.default_rng(0).integers(0, 999, (2, 24, 24)).astype(np.uint16)
    for name in ("good.tif", "bad.tif"):
        tifffile.imwrite(tmp_path / name, stack, compression="zlib", photometric="minisblack")
    with tifffile.TiffFile(tmp_path / "bad.tif") as file:
        offset = file.pages[1].dataoffsets[0]
    content = bytearray((tmp_path / "bad.tif").read_bytes())
    content[offset : offset + 40] = bytes(40)
    (tmp_path / "bad.tif").write_bytes(content)
    with pytest.raises(UnfinishedError, match=r"1 of 2 images were left out.*bad\.tif") as failure:
        invoke("predict", tiny_run, tmp_path / "bad.tif", tmp_path / "good.tif", "--out", tmp_path / "out")
    assert failure.value.exit_code == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.tif"]


def test_too_little_disk_or_memory_is_told_before_anything_is_written(tiny_run, tmp_path, monkeypatch):
    images.write(tmp_path / "a.tif", np.random.default_rng(0).integers(0, 999, (30, 30)).astype(np.uint16))
    arguments = ("predict", tiny_run, tmp_path / "a.tif", "--out", tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=100))
        with pytest.raises(DfcanError, match=r"out needs .* but 100 bytes are free"):
            invoke(*arguments)
    with monkeypatch.context() as patch:
        patch.setattr("dfcan_bmz.resources.available_bytes", lambda: 10**6)
        with pytest.raises(DfcanError, match=r"a\.tif needs .* of memory"):
            invoke(*arguments)
    assert not (tmp_path / "out").exists()


def test_a_blend_wider_than_the_halo_is_refused(tiny_run, pairs_folder, tmp_path):
    with pytest.raises(DfcanError, match="--blend 9 is wider than the halo"):
        invoke("predict", tiny_run, pairs_folder / "lr", "--out", tmp_path, "--blend", 9)


def test_ome_zarr_goes_in_and_comes_out(tiny_run, tmp_path):
    stack = np.random.default_rng(0).integers(0, 999, (2, 20, 24)).astype(np.uint16)
    images.write(tmp_path / "a.tif", stack, "ZYX", images.Calibration.square(62.6))
    write_ome_zarr(tmp_path / "b.ome.zarr", stack)
    invoke("predict", tiny_run, tmp_path / "a.tif", "--out", tmp_path / "out")
    invoke("predict", tiny_run, tmp_path / "b.ome.zarr", "--out", tmp_path / "out", "--format", "zarr")
    expected, found = images.read(tmp_path / "out/a.tif"), images.read(tmp_path / "out/b.ome.zarr")
    np.testing.assert_array_equal(found.pixels, expected.pixels)
    assert found.pixel_size_nm == pytest.approx(expected.pixel_size_nm, rel=1e-4)


def test_a_local_cluster_predicts_what_one_process_predicts(tiny_run, tmp_path):
    stack = np.random.default_rng(0).integers(0, 999, (2, 40, 44)).astype(np.uint16)
    images.write(tmp_path / "a.tif", stack, "ZYX", images.Calibration.square(62.6))
    write_ome_zarr(tmp_path / "b.ome.zarr", stack)
    invoke("predict", tiny_run, tmp_path / "a.tif", "--out", tmp_path / "out")
    sources = (tmp_path / "a.tif", tmp_path / "b.ome.zarr")
    answer = command_line(
        "predict", tiny_run, *sources, "--out", tmp_path / "out", "--scheduler", "local", "--workers", 2
    )
    assert answer.returncode == 0, answer.stderr
    one = images.read(tmp_path / "out/a.tif").pixels
    for name in ("a.ome.zarr", "b.ome.zarr"):
        np.testing.assert_array_equal(images.read(tmp_path / "out" / name).pixels, one)


def test_a_dry_run_tells_what_a_prediction_takes_and_writes_nothing(tiny_run, tmp_path, capsys):
    stack = np.random.default_rng(0).integers(0, 999, (3, 40, 50)).astype(np.uint16)
    stack[1] = 0
    images.write(tmp_path / "stack.tif", stack, "ZYX")
    invoke("predict", tiny_run, tmp_path / "stack.tif", "--out", tmp_path / "out", "--dry-run")
    told = capsys.readouterr().out
    assert f"{tmp_path}/out/stack.tif: 3 x 80 x 100 px" in told
    tiles = int(re.search(r"px, (\d+) tiles to do", told)[1])
    assert re.search(rf"1 images, {tiles} tiles of 16 px: about \d+ s .*0\.1 MB on disk; nothing was written", told)
    assert list(tmp_path.iterdir()) == [tmp_path / "stack.tif"]
