from dataclasses import astuple

import numpy as np
import pytest
import tifffile
from conftest import REPOSITORY, command_line
from scipy.ndimage import gaussian_filter

import dfcan_bmz
from dfcan_bmz import images
from dfcan_bmz.commands import degrade as degrading
from dfcan_bmz.data.records import read_manifest
from dfcan_bmz.degradation import Degradation, crop_to_multiple, degrade
from dfcan_bmz.errors import DfcanError


def test_an_lr_pixel_is_the_mean_of_the_blurred_hr_pixels_that_it_covers():
    hr = np.random.default_rng(0).uniform(0, 100, (12, 18)).astype(np.float32)
    lr = degrade(hr, 3, Degradation(blur=1.0), np.random.default_rng(0))
    blurred = gaussian_filter(hr.astype(float), 1.0)
    assert lr.shape == (4, 6)
    assert lr[1, 2] == pytest.approx(blurred[3:6, 6:9].mean(), rel=1e-6)


def test_noise_is_a_share_of_the_intensity_range_and_unbiased_at_its_ends():
    hr = np.zeros((400, 400), np.uint8)
    hr[:, 200:] = 255
    lr = degrade(hr, 2, Degradation(noise=0.05), np.random.default_rng(0))
    for half, mean in ((lr[:, :100], 0), (lr[:, 100:], 255)):
        assert half.mean() == pytest.approx(mean, abs=0.5)
        assert half.std() == pytest.approx(0.05 * 255, rel=0.03)


def test_a_seed_repeats_the_image():
    hr = np.arange(64.0).reshape(8, 8)
    everything = Degradation(1.0, 1.0, None, "point", 0.9, 50, 0.1, 0.1)
    first, second = (degrade(hr, 2, everything, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_rows_that_fill_no_lr_pixel_are_dropped():
    assert crop_to_multiple(np.zeros((4, 11, 10)), 3).shape == (4, 9, 9)


def test_point_sampling_takes_the_pixel_in_the_middle():
    hr = np.arange(81.0).reshape(9, 9)
    lr = degrade(hr, 3, Degradation(sampling="point"), np.random.default_rng(0))
    np.testing.assert_array_equal(lr, hr[1::3, 1::3])


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("sampling", ["area", "point"])
def test_sampling_moves_nothing(scale, sampling):
    """The middle of an LR pixel is the middle of the HR pixels that it covers: of a ramp, their mean."""
    hr = np.add.outer(3.0 * np.arange(24), np.arange(24))
    lr = degrade(hr, scale, Degradation(sampling=sampling), np.random.default_rng(0))
    covered = hr.reshape(24 // scale, scale, 24 // scale, scale)
    np.testing.assert_allclose(lr, covered.mean(axis=(1, 3)))


def test_point_sampling_of_an_even_scale_takes_the_four_pixels_in_the_middle():
    hr = np.random.default_rng(0).uniform(0, 100, (8, 12))
    lr = degrade(hr, 4, Degradation(sampling="point"), np.random.default_rng(0))
    assert lr[1, 2] == pytest.approx(hr[5:7, 9:11].mean(), rel=1e-6)


def test_a_measured_psf_takes_the_place_of_the_gaussian():
    hr = np.random.default_rng(0).uniform(0, 100, (40, 60))
    delta = np.zeros((15, 15))
    delta[7, 7] = 3.0
    rng = np.random.default_rng(0)
    by_psf = degrade(hr, 2, Degradation(psf=gaussian_filter(delta, 1.0)), rng)
    np.testing.assert_allclose(by_psf, degrade(hr, 2, Degradation(blur=1.0), rng), atol=0.01)


def test_photon_noise_has_the_variance_of_its_mean():
    hr = np.full((400, 400), 128, np.uint8)
    lr = degrade(hr, 2, Degradation(photons=100), np.random.default_rng(0)) / 255 * 100
    assert lr.mean() == pytest.approx(128 / 255 * 100, rel=0.01)
    assert lr.var() == pytest.approx(lr.mean(), rel=0.03)


def test_local_noise_grows_with_the_intensity():
    hr = np.zeros((400, 400), np.uint8)
    hr[:, 200:] = 200
    lr = degrade(hr, 2, Degradation(local_noise=0.1), np.random.default_rng(0))
    assert lr[:, :100].std() == 0
    assert lr[:, 100:].std() == pytest.approx(20, rel=0.03)


def test_saturation_cuts_the_brightest_pixels():
    hr = np.linspace(0, 255, 64).astype(np.uint8).reshape(8, 8)
    lr = degrade(hr, 2, Degradation(saturation=0.5), np.random.default_rng(0))
    assert lr.max() == pytest.approx(127.5)


def test_a_warp_moves_the_image_by_no_more_than_it_says():
    hr = np.zeros((64, 64))
    hr[32, 32] = 1
    hr = gaussian_filter(hr, 3)
    rng = np.random.default_rng(0)
    for _ in range(20):
        lr = degrade(hr, 2, Degradation(warp=1.5), rng)
        centre = [(lr.sum(axis=axis) @ np.arange(32)) / lr.sum() for axis in (1, 0)]
        assert np.abs(np.array(centre) - 15.75).max() <= 1.5 / 2 + 0.01
    assert np.abs(np.array(centre) - 15.75).max() > 0


@pytest.mark.parametrize("given", [{"preset": "light"}, {"settings": {"blurr": 1.5}}])
def test_what_no_degradation_has_is_named_before_anything_is_written(tmp_path, given):
    with pytest.raises(DfcanError, match=r"a degradation has no (preset light|setting blurr): choose from"):
        dfcan_bmz.degrade(np.zeros((1, 8, 8)), tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()


def test_options_override_a_preset(tmp_path):
    source = REPOSITORY / "example_data/test/hr"
    delta = np.zeros((3, 3), np.float32)
    delta[1, 1] = 1
    tifffile.imwrite(tmp_path / "psf.tif", delta)
    options = ["--preset", "fluorescence", "--photons", "0", "--noise", "0", "--psf", tmp_path / "psf.tif"]
    answer = command_line("degrade", source, tmp_path / "out", *options, "--sampling", "point")
    assert answer.returncode == 0, answer.stderr
    for path in (tmp_path / "out/lr").iterdir():
        hr = tifffile.imread(source / path.name)
        expected = hr.reshape(hr.shape[0] // 2, 2, hr.shape[1] // 2, 2).mean(axis=(1, 3))
        np.testing.assert_allclose(tifffile.imread(path), expected, rtol=1e-5)
    tifffile.imwrite(tmp_path / "even.tif", np.ones((4, 4), np.float32))
    answer = command_line("degrade", source, tmp_path / "none", "--psf", tmp_path / "even.tif")
    assert answer.returncode == 2
    assert "point spread function" in answer.stderr


def test_fields_of_view_stay_together_where_the_manifest_pairs_files_of_unequal_names(tmp_path):
    (tmp_path / "hr").mkdir()
    for name in ("sim_1", "sim_2", "plain"):
        pixels = np.random.default_rng(0).integers(0, 999, (16, 16)).astype(np.uint16)
        images.write(tmp_path / "hr" / f"{name}.tif", pixels)
    (tmp_path / "manifest.csv").write_text(
        "name,fov,lr,hr\none,cell,wide_1.tif,sim_1.tif\ntwo,cell,wide_2.tif,sim_2.tif\nplain,other,,\n"
    )
    degrading.run(tmp_path / "hr", tmp_path / "out", 2, "em")
    rows = read_manifest(tmp_path / "out/lr")
    assert {name: row["fov"] for name, row in rows.items()} == {"sim_1": "cell", "sim_2": "cell", "plain": "other"}


def test_pairs_lie_where_the_image_lies(tmp_path):
    known = images.Calibration(100, 150, 300, None, 1000, -450, 600)
    (tmp_path / "hr").mkdir()
    pixels = np.random.default_rng(0).integers(0, 999, (2, 17, 16)).astype(np.uint16)
    images.write(tmp_path / "hr/a.tif", pixels, "ZYX", known)
    degrading.run(tmp_path / "hr", tmp_path / "out", 2, "em")
    for kind, expected in (("hr", known), ("lr", known.finer(0.5))):
        found = images.read(tmp_path / f"out/{kind}/a.tif").calibration
        assert astuple(found)[:-1] == pytest.approx(astuple(expected)[:-1])
