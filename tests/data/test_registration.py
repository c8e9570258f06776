import numpy as np
import pytest
from scipy.ndimage import affine_transform
from scipy.ndimage import shift as move

from dfcan_bmz.data.registration import agreement, find_affine, find_shift
from dfcan_bmz.simulation.fields import simulate_field


@pytest.fixture(scope="module")
def field():
    hr, lr = simulate_field("microtubules", 96, 2, 2, 1.0, np.random.default_rng(3))
    return hr, lr


def test_a_registered_pair_is_found_registered(field):
    hr, (dim, bright) = field
    np.testing.assert_allclose(find_shift(bright, hr).shift, 0, atol=0.12)
    np.testing.assert_allclose(find_shift(dim, hr).shift, 0, atol=0.5)
    assert find_affine(bright, hr).farthest(hr.shape) < 0.3


@pytest.mark.parametrize("moved", [(1.3, -2.6), (-7.2, 4.4)])
def test_a_shift_is_found_to_a_tenth_of_a_pixel_and_undone(field, moved):
    hr, (_, bright) = field
    displaced = move(hr.astype(float), moved, order=3, mode="mirror")
    found = find_shift(bright, displaced)
    np.testing.assert_allclose(found.shift, moved, atol=0.12)
    inner = np.s_[16:-16, 16:-16]
    assert np.abs(found.corrected(displaced) - hr)[inner].mean() < 0.1 * np.abs(displaced - hr)[inner].mean()
    assert agreement(bright, found.corrected(displaced)) > agreement(bright, displaced) + 0.1


def test_an_affine_map_is_found_and_undone(field):
    hr, (_, bright) = field
    angle, middle = np.deg2rad(1.0), (np.array(hr.shape) - 1) / 2
    matrix = 1.01 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    inverse = np.linalg.inv(matrix)
    displaced = affine_transform(
        hr.astype(float), inverse, middle - inverse @ (middle + np.array([2.0, -1.0])), order=3
    )
    found = find_affine(bright, displaced)
    np.testing.assert_allclose(found.matrix, matrix, atol=0.002)
    np.testing.assert_allclose(found.shift, [2.0, -1.0], atol=0.15)
    assert found.farthest(hr.shape) == pytest.approx(2 + 96 * (0.01 + np.sin(angle)), rel=0.15)
    assert agreement(bright, found.corrected(displaced)) > 0.98 * agreement(bright, hr)


def test_integers_are_rounded_and_kept_in_their_range():
    hr = np.zeros((64, 64), np.uint8)
    hr[20:40, 20:40] = 255
    found = find_shift(hr[::2, ::2], hr)
    moved = found._replace(shift=np.array([0.5, 0.5])).corrected(hr)
    assert moved.dtype == np.uint8
    assert moved[25:35, 25:35].min() == 255, "the overshoot of the spline does not wrap around"


def test_unrelated_images_do_not_agree(field):
    hr, _ = field
    _, (other,) = simulate_field("ccps", 96, 2, 1, 0.0, np.random.default_rng(9))
    assert abs(agreement(other, hr)) < 0.15
