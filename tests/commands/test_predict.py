import numpy as np
import pytest
import tifffile
from commands.test_bad_input import invoke

from dfcan_bmz import images
from dfcan_bmz.errors import UnfinishedError


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


def test_planes_of_a_stack_are_predicted_one_by_one(tiny_run, tmp_path):
    stack = np.random.default_rng(0).integers(0, 999, (3, 20, 24)).astype(np.uint16)
    images.write(tmp_path / "stack.tif", stack, "TYX")
    images.write(tmp_path / "plane.tif", stack[1])
    invoke("predict", tiny_run, tmp_path / "stack.tif", tmp_path / "plane.tif", "--out", tmp_path / "out")
    predicted = images.read(tmp_path / "out/stack.tif")
    assert predicted.axes == "TYX"
    np.testing.assert_allclose(predicted.pixels[1], tifffile.imread(tmp_path / "out/plane.tif"), atol=1e-6)


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
