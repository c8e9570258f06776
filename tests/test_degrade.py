import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from dfcan_bmz.degrade import crop_to_multiple, degrade


def test_an_lr_pixel_is_the_mean_of_the_blurred_hr_pixels_that_it_covers():
    hr = np.random.default_rng(0).uniform(0, 100, (12, 18)).astype(np.float32)
    lr = degrade(hr, 3, blur_px=1.0, noise=0, rng=np.random.default_rng(0))
    blurred = gaussian_filter(hr.astype(float), 1.0)
    assert lr.shape == (4, 6)
    assert lr[1, 2] == pytest.approx(blurred[3:6, 6:9].mean(), rel=1e-6)


def test_noise_is_a_share_of_the_intensity_range_and_unbiased_at_its_ends():
    hr = np.zeros((400, 400), np.uint8)
    hr[:, 200:] = 255
    lr = degrade(hr, 2, blur_px=0, noise=0.05, rng=np.random.default_rng(0))
    for half, mean in ((lr[:, :100], 0), (lr[:, 100:], 255)):
        assert half.mean() == pytest.approx(mean, abs=0.5)
        assert half.std() == pytest.approx(0.05 * 255, rel=0.03)


def test_a_seed_repeats_the_image():
    hr = np.arange(64.0).reshape(8, 8)
    first, second = (degrade(hr, 2, 1.0, 0.1, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_rows_that_fill_no_lr_pixel_are_dropped():
    assert crop_to_multiple(np.zeros((4, 11, 10)), 3).shape == (4, 9, 9)
