import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dfcan_bmz.normalize import scaling_of, within_float32

WIDE = ("uint32", "int32", "uint64", "int64", "float64")


def test_percentiles_go_to_zero_and_one():
    image = np.random.default_rng(0).gamma(2, 500, (64, 64))
    unit = scaling_of(image).apply(image)
    assert np.percentile(unit, (0.1, 99.9)) == pytest.approx([0, 1], abs=1e-5)
    assert unit.max() > 1, "the LR image is not clipped"


@given(arrays(np.uint16, (9, 7), elements=st.integers(0, 65535)))
def test_undo_restores_the_image_even_a_constant_one(image):
    scaling = scaling_of(image)
    unit = scaling.apply(image)
    assert np.isfinite(unit).all()
    # float32 resolves 1 part in 2^24 of the normalised values
    tolerance = 1e-6 * max(1.0, float(np.abs(unit).max())) * (scaling.high - scaling.low + 1) + 0.01
    np.testing.assert_allclose(scaling.undo(unit), image, atol=tolerance)


@given(arrays(np.uint8, (9, 7)), st.sampled_from(WIDE), st.integers(0, 2**30))
def test_an_offset_changes_nothing_whatever_the_type(counts, dtype, offset):
    shifted = counts.astype(dtype) + np.dtype(dtype).type(offset)
    assert scaling_of(shifted).flaw.partition(" (")[0] == scaling_of(counts).flaw.partition(" (")[0]
    np.testing.assert_allclose(scaling_of(shifted).apply(shifted), scaling_of(counts).apply(counts), atol=1e-6)
    picture = within_float32(shifted, scaling_of(shifted)).astype(np.float32)
    if not scaling_of(counts).flaw:
        assert np.corrcoef(picture.ravel(), counts.ravel())[0, 1] > 1 - 1e-6


@given(st.data(), st.sampled_from(["int8", "float16", "float32", "float64", "int64", "uint64"]))
def test_a_plane_is_flawed_or_its_normalised_pixels_are_finite(data, dtype):
    width = 8 * np.dtype(dtype).itemsize
    elements = st.floats(width=width) if np.dtype(dtype).kind == "f" else None
    plane = data.draw(arrays(dtype, (4, 3), elements=elements))
    scaling = scaling_of(plane)
    if not np.isfinite(plane).all():
        assert "NaN" in scaling.flaw
    if not scaling.flaw:
        assert np.isfinite(scaling.apply(plane)).all()


def test_counts_of_a_signed_byte_are_not_wrapped():
    assert scaling_of(np.array([[-128, 127]], np.int8)) == pytest.approx((-127.745, 126.745))
