import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import convolve

from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.prediction.tiles import Predictor, predict_plane


def enlarging(tile, halo, scale=2, network=None):
    """A predictor that repeats pixels, and refuses any tile but its own."""

    def repeat(batch):
        assert batch.shape == (1, tile, tile, 1)
        assert batch.dtype == np.float32
        return batch.repeat(scale, 1).repeat(scale, 2)

    return Predictor("test", network or repeat, scale, tile, halo, "own", None)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from([2, 3, 4]), st.integers(0, 7))
def test_any_size_comes_back_s_times_as_large_with_every_pixel_in_its_place(height, width, scale, halo):
    plane = np.random.default_rng(0).uniform(0, 100, (height, width))
    predicted = predict_plane(enlarging(16, halo, scale), plane)
    expected = np.clip(scaling_of(plane).apply(plane), 0, 1).repeat(scale, 0).repeat(scale, 1)
    np.testing.assert_array_equal(predicted, expected)


def test_a_network_that_reaches_no_further_than_the_halo_leaves_no_seam():
    kernel = np.random.default_rng(0).uniform(size=(7, 7))
    kernel /= kernel.sum()

    def blur(batch):
        blurred = convolve(batch[0, :, :, 0], kernel, mode="constant")
        return blurred[None, ..., None].repeat(2, 1).repeat(2, 2)

    plane = np.random.default_rng(1).uniform(size=(50, 61))
    whole = convolve(scaling_of(plane).apply(plane), kernel, mode="reflect")  # scipy's name for "symmetric"
    expected = np.clip(whole, 0, 1).repeat(2, 0).repeat(2, 1)
    np.testing.assert_allclose(predict_plane(enlarging(16, 3, network=blur), plane), expected, atol=1e-6)
    seams = np.abs(predict_plane(enlarging(16, 1, network=blur), plane) - expected).max()
    assert seams > 0.01, "with a smaller halo the test would see seams"


@pytest.mark.parametrize("size", [5, 16, 31])
def test_output_is_clipped_to_unit_range(size):
    plane = np.random.default_rng(0).normal(size=(size, size))
    predicted = predict_plane(enlarging(16, 2), plane)
    assert predicted.min() >= 0
    assert predicted.max() <= 1
