"""What share of the pixels has an error within the stated spread."""

import numpy as np
import pytest
from scipy.stats import norm

from dfcan_bmz.evaluation.coverage import ONE_SIGMA, Orientations, coverage, summaries


@pytest.mark.parametrize("too_small", [1.0, 4.0])
def test_normal_errors_are_within_a_spread_as_often_as_theory_says(too_small):
    spreads = np.random.default_rng(0).uniform(0.01, 0.1, 40_000)
    errors = np.abs(np.random.default_rng(1).normal(0, too_small * spreads))
    shares = [2 * norm.cdf(number / too_small) - 1 for number in (1, 2)]
    np.testing.assert_allclose(
        coverage(errors, spreads), [*shares, too_small * norm.ppf((1 + ONE_SIGMA) / 2)], rtol=0.03
    )


def test_a_spread_of_zero_covers_no_error():
    errors = np.array([0.1, 0.2, 0.0])
    assert coverage(errors, np.zeros(3)).within == pytest.approx(1 / 3)


def test_each_model_has_the_means_of_its_images_and_the_median_of_its_factors():
    def row(model, share, factor):
        return Orientations("image", model, share, share, factor, share, share, factor, 20, 0.5, 20.25, 0.75)

    found = summaries([row("one", 0.1, 3), row("two", 0.5, 1), row("one", 0.3, 5), row("one", 0.5, 1e9)])
    assert [(count, mean.model) for count, mean in found] == [(3, "one"), (1, "two")]
    mean = found[0][1]
    assert (mean.within, mean.structure_within) == pytest.approx((0.3, 0.3))
    assert (mean.factor, mean.ensemble_psnr) == (5, 20.25)
