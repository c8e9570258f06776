import numpy as np
import pytest

from dfcan_bmz.report.contact_sheet import MOST_CELLS, Cell, plot_contact_sheet


@pytest.mark.parametrize("count", [1, 2, MOST_CELLS, MOST_CELLS + 1, 5 * MOST_CELLS + 3])
@pytest.mark.parametrize("wrong", [0, 1, MOST_CELLS + 4])
def test_what_is_wrong_comes_first_and_the_rest_is_chosen_evenly(count, wrong):
    cells = [Cell(f"{index}", np.eye(8), False) for index in range(count)]
    cells += [Cell(f"wrong {index}", None, True) for index in range(wrong)]
    titles = [axes.get_title() for axes in plot_contact_sheet(cells).axes if axes.get_title()]
    assert titles[: min(wrong, MOST_CELLS)] == [f"wrong {index}" for index in range(min(wrong, MOST_CELLS))]
    assert len(titles) <= MOST_CELLS
    sound = [int(title) for title in titles if "wrong" not in title]
    assert sound == sorted(sound)
    if wrong < 2:
        assert sound[0] == 0
        assert sound[-1] >= 0.9 * (count - 4)
        assert len(sound) >= min(count, MOST_CELLS // 3)


def test_images_that_are_all_wrong_are_shown():
    titles = [axes.get_title() for axes in plot_contact_sheet([Cell("a", None, True), Cell("b", None, True)]).axes]
    assert titles[:2] == ["a", "b"]
