import math

import pytest

from dfcan_bmz.evaluation.measure import Facts
from dfcan_bmz.evaluation.statistics import Comparison, Interval, Paired
from dfcan_bmz.evaluation.verdict import verdict

FACTS = [Facts(f"a{index}", f"a{index}", "", 9.0, "", "") for index in range(8)]
OUTSIDE = [fact._replace(remarks="outside what DFCAN was trained on: its pixels") for fact in FACTS]
FALLING = [{"epoch": epoch, "val_loss": 1 / epoch} for epoch in range(1, 11)]
FLAT = [{"epoch": epoch, "val_loss": abs(epoch - 4)} for epoch in range(1, 11)]


def against(baseline, mean, better, p=0.01, fields=8):
    return Comparison("affine", "DFCAN", baseline, "psnr", Paired(Interval(mean, None, None, fields), better, p))


WON = [against("bicubic", 3.0, 8), against("smoothed bicubic", 1.25, 8)]
LOST = [against("bicubic", 3.0, 8), against("smoothed bicubic", -0.8, 0)]


def test_the_strongest_baseline_is_the_one_to_beat():
    told = verdict("DFCAN", WON, "affine", FACTS, FALLING)
    assert told.startswith("DFCAN is better than smoothed bicubic, the best baseline here, by 1.2 dB of PSNR")
    assert "8 fields of view" in told
    assert "worse than smoothed bicubic, the best baseline here, by 0.8 dB" in verdict(
        "DFCAN", LOST, "affine", FACTS, FALLING
    )


@pytest.mark.parametrize(
    "undecided", [against("bicubic", 1.0, 5, p=0.3), against("bicubic", 1.0, 2, p=None, fields=3),
                  against("bicubic", 0.01, 8)]
)  # fmt: skip
def test_what_chance_may_have_done_is_no_better(undecided):
    assert "no better than bicubic" in verdict("DFCAN", [undecided], "affine", FACTS, [])


@pytest.mark.parametrize(
    ("comparisons", "facts", "history", "advice"),
    [
        (WON, FACTS, FALLING, "look at the worst images"),
        ([against("bicubic", 3.0, 3, p=None, fields=3)], FACTS[:3], FALLING, "fewer than 6 fields"),
        (WON, [fact._replace(seen="a0 of the training set") for fact in FACTS], FALLING, "measure it on others"),
        (LOST, OUTSIDE, FALLING, "train on images like these"),
        (LOST, FACTS, FALLING, "train longer"),
        (LOST, FACTS, FLAT, "more pairs"),
        (LOST, FACTS, [], "more pairs"),
        (LOST, [fact._replace(remarks="DFCAN predicts a constant image") for fact in FACTS], FLAT, "output=linear"),
        ([against("bicubic", math.nan, 0)], FACTS, FLAT, "weights are damaged"),
    ],
)
def test_what_to_do_next_depends_on_what_was_seen(comparisons, facts, history, advice):
    told = verdict("DFCAN", comparisons, "affine", facts, history)
    assert advice in told
    assert told.endswith(".")
    assert "\n" not in told
