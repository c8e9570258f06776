import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from dfcan_bmz.evaluation.trust import disagreement, reblur


@pytest.fixture
def scene():
    """HR image (96, 80), and its LR image (48, 40) through a Gaussian of 1.5 LR pixels with a little noise."""
    rng = np.random.default_rng(0)
    hr = gaussian_filter((rng.uniform(size=(96, 80)) > 0.97).astype(float), 1.0)
    lr = gaussian_filter(hr, 3.0).reshape(48, 2, 40, 2).mean(axis=(1, 3))
    return hr, 500 * lr + 100 + rng.normal(0, 0.1, lr.shape)


def test_a_true_prediction_re_blurs_to_its_image(scene):
    found = reblur(*scene)
    assert found.sigma_px == pytest.approx(1.5, abs=0.1)
    assert found.pearson > 0.999
    assert found.rmse < 0.01
    assert found.error.max() < 0.01
    assert found.correlation.min() > 0.9


@given(gain=st.floats(0.01, 100), offset=st.floats(-100, 100))
def test_units_of_the_prediction_do_not_matter(gain, offset):
    rng = np.random.default_rng(0)
    prediction, lr = rng.uniform(size=(24, 24)), rng.uniform(size=(12, 12))
    np.testing.assert_allclose(reblur(gain * prediction + offset, lr).error, reblur(prediction, lr).error, atol=1e-3)


def test_what_was_added_or_left_out_stands_in_the_map(scene):
    hr, lr = scene
    wrong = hr.copy()
    wrong[60:64, 20:60] += hr.max()
    found = reblur(wrong, lr)
    y, x = np.unravel_index(np.argmax(found.error), found.error.shape)
    assert 28 <= y <= 34
    assert 9 <= x <= 31
    assert found.correlation[31, 20] < found.correlation[:20].min()


def test_a_constant_prediction_explains_nothing(scene):
    found = reblur(np.zeros((96, 80)), scene[1])
    assert found.pearson == 0
    assert found.rmse > 0.1


def test_turning_asks_all_eight_orientations_and_turns_back():
    plane = np.arange(12.0).reshape(3, 4)
    asked = []

    def enlarge(image):
        asked.append(image.copy())
        return image.repeat(2, 0).repeat(2, 1)

    found = disagreement(enlarge, plane)
    assert len({image.tobytes() + bytes(image.shape) for image in asked}) == 8
    np.testing.assert_allclose(found.mean, enlarge(plane))
    np.testing.assert_allclose(found.spread, 0, atol=1e-12)


def test_what_depends_on_the_orientation_disagrees():
    plane = np.zeros((8, 8))
    found = disagreement(lambda image: np.pad(image[:, :-1], ((0, 0), (1, 0))) + np.eye(8), plane)
    assert found.spread[0, 0] > 0
    assert found.spread[1, 3] == 0
