import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dfcan_bmz import percentiles
from dfcan_bmz.normalize import WHOLE_PIXELS, scaling_of

TYPES = (
    "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32", "float64", ">u4",
)  # fmt: skip


@given(st.data(), st.sampled_from(TYPES), st.lists(st.floats(0, 100), min_size=1, max_size=3))
def test_percentiles_are_those_of_numpy(data, dtype, percents):
    shape = data.draw(arrays.array_shapes(min_dims=2, max_dims=2, max_side=12))
    floating = np.dtype(dtype).kind == "f"
    width = 8 * np.dtype(dtype).itemsize
    most = 2.0 ** {16: 9, 32: 99, 64: 900}[width] if floating else None
    elements = st.floats(width=width, min_value=-most, max_value=most, allow_nan=False) if floating else None
    plane = data.draw(arrays.arrays(dtype, shape, elements=elements))
    found = percentiles.percentiles(plane, percents)
    np.testing.assert_allclose(found, np.percentile(plane.astype(float), percents), rtol=1e-6, atol=1e-300)


@given(st.data(), st.sampled_from(TYPES))
def test_the_pixel_of_a_rank_is_exact(data, dtype):
    elements = st.floats(width=8 * np.dtype(dtype).itemsize, allow_nan=False, allow_infinity=False)
    plane = data.draw(arrays.arrays(dtype, (3, 3), elements=elements if np.dtype(dtype).kind == "f" else None))
    ordered = np.sort(plane, axis=None)
    assert percentiles.percentiles(plane, (0, 50, 100)) == [float(ordered[rank]) for rank in (0, 4, 8)]


def test_strips_of_a_large_plane_are_counted_together(monkeypatch):
    monkeypatch.setattr(percentiles, "STRIP_PIXELS", 64)
    plane = np.random.default_rng(0).normal(size=(50, 33)).astype(np.float32)
    expected = np.percentile(plane, (0.1, 50, 99.9))
    np.testing.assert_allclose(percentiles.percentiles(plane, (0.1, 50, 99.9)), expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["uint16", "float64"])
def test_a_large_plane_is_scaled_as_a_small_one(monkeypatch, dtype):
    plane = np.random.default_rng(0).gamma(2, 300, (200, 90)).astype(dtype)
    small = scaling_of(plane)
    monkeypatch.setattr("dfcan_bmz.normalize.WHOLE_PIXELS", 1000)
    assert plane.size < WHOLE_PIXELS
    np.testing.assert_allclose(scaling_of(plane), small, rtol=1e-6)
