"""What share of the pixels has an error within the stated spread."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import norm

from dfcan_bmz.evaluation.coverage import ONE_SIGMA, coverage, in_spreads
from dfcan_bmz.evaluation.trust import Disagreement


@pytest.fixture(scope="module")
def truth():
    return gaussian_filter(np.random.default_rng(0).normal(size=(200, 200)), 4)


def with_errors(truth, too_small):
    """A mean whose error is normal, and a spread that is `too_small` times smaller than its standard deviation."""
    sd = 0.1 * truth.std()
    mean = truth + np.random.default_rng(1).normal(0, sd, truth.shape)
    return Disagreement(mean, np.full(truth.shape, sd / too_small), mean)


@pytest.mark.parametrize("structure", [False, True])
@pytest.mark.parametrize("too_small", [1.0, 4.0])
def test_normal_errors_are_within_a_spread_as_often_as_theory_says(truth, too_small, structure):
    found = coverage([in_spreads(truth, with_errors(truth, too_small))], structure)
    shares = [2 * norm.cdf(spreads / too_small) - 1 for spreads in (1, 2)]
    np.testing.assert_allclose(found, [*shares, too_small * norm.ppf((1 + ONE_SIGMA) / 2)], rtol=0.05)


def test_units_of_prediction_and_target_do_not_matter(truth):
    turned = with_errors(truth, 2.0)
    other = Disagreement(7 + 30 * turned.mean, 30 * turned.spread, turned.upright)
    np.testing.assert_allclose(in_spreads(3 + 9 * truth, other).errors, in_spreads(truth, turned).errors, rtol=1e-6)


def test_all_pixels_of_all_images_count_once(truth):
    sure, unsure = (in_spreads(truth, with_errors(truth, small)) for small in (100.0, 0.01))
    assert coverage([sure, unsure]).within == pytest.approx((coverage([sure]).within + 1) / 2)


def test_a_spread_of_zero_covers_no_error(truth):
    mean = truth + np.random.default_rng(2).normal(0, 1, truth.shape)
    assert coverage([in_spreads(truth, Disagreement(mean, np.zeros_like(mean), mean))]).within == 0
