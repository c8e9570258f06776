import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from dfcan_bmz import deconvolution, metrics
from dfcan_bmz.deconvolution import Deconvolution, deconvolve
from dfcan_bmz.interpolation import bicubic


@pytest.fixture
def pair():
    """Points on a 64 x 64 grid, and their image through a Gaussian of 1.2 LR pixels."""
    rng = np.random.default_rng(0)
    hr = gaussian_filter((rng.uniform(size=(64, 64)) > 0.98).astype(float), 1.0)
    lr = gaussian_filter(hr, 2.4).reshape(32, 2, 32, 2).mean(axis=(1, 3))
    return 1000 * lr + 100, hr


def test_it_restores_what_a_known_blur_took(pair):
    lr, hr = pair
    correlation = [metrics.pearson(hr, deconvolve(lr, 2, Deconvolution(1.2, n))) for n in (10, 100)]
    assert metrics.pearson(hr, bicubic(lr, 2)) < correlation[0] < correlation[1]
    assert correlation[1] > 0.85


@given(gain=st.floats(0.01, 1000), offset=st.floats(-1000, 1000))
def test_units_do_not_matter(gain, offset):
    lr = np.random.default_rng(0).gamma(1, size=(16, 20))
    expected = deconvolve(lr, 2, Deconvolution(1.0, 3))
    found = (deconvolve(gain * lr + offset, 2, Deconvolution(1.0, 3)) - offset) / gain
    np.testing.assert_allclose(found, expected, atol=1e-3 * (1 + abs(offset) / gain))


def test_borders_are_no_worse_than_the_middle():
    flat = np.full((24, 24), 50.0)
    flat[12, 12] = 60.0
    restored = deconvolve(flat, 2, deconvolution.CANDIDATES[-1])
    np.testing.assert_allclose(restored[:8], 50, atol=0.5)
    assert restored.shape == (48, 48)
    assert restored.dtype == np.float32
