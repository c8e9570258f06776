"""Shares that are inferred from numbers of known origin."""

import numpy as np
import pytest

from dfcan_bmz.simulation.description import Group
from dfcan_bmz.simulation.regression import likeliest, line_through

FIRST = np.array([0.5, 0.4, 0.6])
SLOPES = np.array([[30.0, 0.0, 0.0], [0.0, 6.0, 0.0], [15.0, 6.0, 0.0], [0.0, 0.0, 0.0]])  # the last changes nothing
NOISE = 3.0


def described(shares: np.ndarray, rng: np.random.Generator, noise: float = NOISE):
    return {"some": SLOPES @ shares + rng.normal(0, noise, 4)}


def inferred(truth: np.ndarray, seed: int, fields: int = 1):
    rng = np.random.default_rng(seed)
    draws = FIRST + rng.normal(0, 0.25, (100, 3))
    real = Group(600.0, 64, fields, described(truth, rng, NOISE / np.sqrt(fields)))
    line = line_through(draws - FIRST, [described(draw, rng) for draw in draws], real)
    return likeliest([line], FIRST, FIRST, 1.0)


def test_what_changes_nothing_stays_where_it_began():
    for seed in range(20):
        found = inferred(np.array([0.8, 0.5, 0.9]), seed)
        assert found.shares[2] == FIRST[2]
        assert found.told.tolist()[::2] == [True, False]
        assert found.shares[0] == pytest.approx(0.8, abs=4 * found.sd[0])


def test_errors_are_as_large_as_they_are_said_to_be():
    rng = np.random.default_rng(0)
    errors = []
    for seed in range(200):
        truth = np.clip(FIRST + rng.normal(0, 0.25, 3), 0, 1)
        found = inferred(truth, seed)
        errors.append((found.shares[0] - truth[0]) / found.sd[0])
    assert 0.7 < np.sqrt(np.mean(np.square(errors))) < 1.4


def test_more_fields_tell_more():
    one, many = (inferred(FIRST, 0, fields) for fields in (1, 16))
    assert (many.sd[:2] < one.sd[:2]).all()
    assert many.told[1]


def test_images_that_show_nothing_tell_nothing():
    real = Group(600.0, 64, 1, described(FIRST, np.random.default_rng(0)))
    found = likeliest([line_through(np.zeros((50, 3)), [None] * 50, real)], FIRST, FIRST, 1.0)
    assert not found.told.any()
    np.testing.assert_array_equal(found.shares, FIRST)
