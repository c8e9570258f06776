import numpy as np
import pytest

from dfcan_bmz.evaluation.measure import Case, EvaluatedPlane, Facts
from dfcan_bmz.evaluation.score import Score
from dfcan_bmz.report.levels import plot_levels, plot_series


def facts(levels):
    return [Facts(f"{field}{level}", field, level, 3.0 * int(level or 1), "", "") for field in "ab" for level in levels]


def scores(found):
    return [
        Score(fact.image, method, "affine", metric, 20.0 + int(fact.level or 0))
        for fact in found
        for method in ("bicubic", "m")
        for metric in ("psnr", "ssim")
    ]


def test_levels_are_drawn_in_their_order_with_the_mean_of_the_fields():
    found = facts(["10", "9", "2"])
    figure = plot_levels(scores(found), found, ["m"], "affine")
    axes = figure.axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["2", "9", "10"]
    (line,) = (line for line in axes.lines if line.get_label() == "m")
    assert list(line.get_ydata()) == [22.0, 29.0, 30.0]
    assert len(figure.axes) == 4  # by level and by signal-to-noise ratio


def test_without_levels_there_is_the_signal_to_noise_ratio():
    found = facts(["", ""]) + facts([""])
    assert len(plot_levels(scores(found), found, ["m"], "affine").axes) == 2
    assert plot_levels(scores(found[:2]), found[:2], ["m"], "affine") is None


@pytest.mark.parametrize(("count", "columns"), [(2, 3), (9, 5)])
def test_a_series_shows_the_dimmest_and_the_brightest(count, columns):
    rng = np.random.default_rng(0)
    hr = rng.uniform(size=(8, 8))
    series = [
        Case(EvaluatedPlane(f"x{level}", "x", "f", str(level), None, rng.uniform(size=(4, 4)), hr), 20.0, {"m": hr})
        for level in range(count, 0, -1)
    ]
    figure = plot_series(series, ["m"])
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert len(titles) == columns
    assert (titles[0], titles[-2], titles[-1]) == ("level 1", f"level {count}", "HR")
    assert plot_series(series[:1], ["m"]) is None
