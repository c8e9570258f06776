"""How straight lines run, on lines of known shape."""

import numpy as np
import pytest

from dfcan_bmz.simulation.straightness import straightness

Y, X = np.indices((128, 128)) - 64


@pytest.mark.parametrize("angle", [0.0, 0.4, 1.0, 2.5])
def test_a_straight_line_is_straight_in_any_direction(angle):
    line = np.exp(-((X * np.sin(angle) - Y * np.cos(angle)) ** 2) / 8)
    assert (straightness(line) > 0.8).all()


def test_the_tighter_a_circle_the_less_straight():
    found = [straightness(np.exp(-((np.hypot(X, Y) - radius) ** 2) / 8)) for radius in (8, 16, 40)]
    assert (np.diff(found, axis=0)[:, :2] > 0.1).all()
    assert found[0][2] < 0.01  # nothing is left of it 16 px straight on


def test_noise_is_not_straight_at_any_gain():
    noise = np.random.default_rng(0).normal(size=(128, 128))
    assert (np.abs(straightness(noise)) < 0.15).all()
    np.testing.assert_allclose(straightness(3 * noise), straightness(noise), rtol=1e-6)


def test_a_flat_plane_has_no_lines():
    np.testing.assert_array_equal(straightness(np.zeros((64, 64))), np.zeros(3))
