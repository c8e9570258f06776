import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dfcan_bmz.normalize import scaling_of


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
