import numpy as np
import pytest
from scipy.stats import wilcoxon

from dfcan_bmz.evaluation.score import Score
from dfcan_bmz.evaluation.statistics import FEWEST_FIELDS, compare, field_means, interval, paired, resamples, summarise


def by_field(values):
    return {f"field {index}": value for index, value in enumerate(values)}


def test_levels_of_one_field_are_one_sample():
    values = {"a1": 1.0, "a2": 3.0, "b1": 10.0}
    assert field_means(values, {"a1": "a", "a2": "a", "b1": "b"}) == {"a": 2.0, "b": 10.0}


def test_an_interval_covers_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(100):
        found = interval(rng.normal(3.0, 1.0, 25), resamples(25, rng))
        hits += found.low <= 3.0 <= found.high
    # a percentile bootstrap of 25 values covers a little less than 95 %: 92 to 93
    assert 0.87 <= hits / 100 <= 0.98


def test_too_few_fields_have_no_interval_and_no_test():
    rng = np.random.default_rng(0)
    few, enough = by_field(rng.normal(size=FEWEST_FIELDS - 1)), by_field(rng.normal(size=FEWEST_FIELDS))
    assert resamples(len(few), rng) is None
    assert interval(np.array(list(few.values())), None)[1:3] == (None, None)
    assert paired(few, dict.fromkeys(few, 0.0), None).p is None
    assert paired(enough, dict.fromkeys(enough, 0.0), resamples(len(enough), rng)).p is not None


def test_the_paired_test_is_that_of_scipy():
    rng = np.random.default_rng(1)
    baseline = rng.normal(20, 5, 12)
    model = baseline + rng.normal(0.5, 0.5, 12)
    drawn = resamples(12, rng)
    found = paired(by_field(model), by_field(baseline), drawn)
    assert found.p == pytest.approx(wilcoxon(model, baseline).pvalue)
    assert found.better == np.sum(model > baseline)
    assert found.difference.mean == pytest.approx(np.mean(model - baseline))
    # pairing is what makes a small difference visible among fields that differ by far more
    assert found.difference.low > 0
    assert interval(model, drawn).low < interval(baseline, drawn).high


def test_equal_methods_do_not_differ():
    same = by_field(np.arange(8.0))
    found = paired(same, same, resamples(8, np.random.default_rng(0)))
    assert (found.p, found.better, found.difference.mean) == (1.0, 0, 0.0)


def test_nan_is_never_averaged_away():
    values = by_field([1.0, 2.0, np.nan, 4.0, 5.0, 6.0, 7.0])
    found = paired(values, dict.fromkeys(values, 0.0), resamples(7, np.random.default_rng(0)))
    assert np.isnan(found.difference.mean)
    assert found.p is None


def rows(values):
    return [
        Score(image, method, "raw", "psnr", value) for method, found in values.items() for image, value in found.items()
    ]


def test_summary_and_comparison_count_only_the_images_named():
    scores = rows({"bicubic": {"a": 20.0, "b": 22.0, "seen": 90.0}, "m": {"a": 21.0, "b": 25.0, "seen": 99.0}})
    fields = {"a": "a", "b": "b"}
    assert summarise(scores, fields, None)["raw", "m", "psnr"] == (23.0, None, None, 2)
    (row,) = compare(scores, fields, [("m", "bicubic")], ["psnr"], None)
    assert row[:4] == ("raw", "m", "bicubic", "psnr")
    assert row.result.difference.mean == 2.0
    assert row.result.better == 2
