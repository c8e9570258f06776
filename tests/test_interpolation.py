import numpy as np
import pytest

from dfcan_bmz import interpolation


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_ramp_is_continued_between_its_pixel_centres(scale):
    image = np.add.outer(np.arange(12.0), 2 * np.arange(16.0)).astype(np.float32)
    enlarged = interpolation.bicubic(image, scale)
    centres = (np.arange(12 * scale) + 0.5) / scale - 0.5, (np.arange(16 * scale) + 0.5) / scale - 0.5
    expected = np.add.outer(centres[0], 2 * centres[1])
    inner = slice(3 * scale, -3 * scale)
    assert enlarged.shape == expected.shape
    np.testing.assert_allclose(enlarged[inner, inner], expected[inner, inner], atol=1e-4)


def test_smoothing_by_nothing_is_bicubic():
    image = np.random.default_rng(0).uniform(size=(8, 8)).astype(np.float32)
    np.testing.assert_array_equal(interpolation.smoothed_bicubic(image, 2, 0), interpolation.bicubic(image, 2))


def test_smoothing_removes_noise():
    image = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    assert interpolation.smoothed_bicubic(image, 2, 1.0).std() < 0.4 * interpolation.bicubic(image, 2).std()
