from dfcan_bmz.evaluation.measure import Facts
from dfcan_bmz.evaluation.warnings import remarks_warnings, seen_warning


def facts(*remarks, seen=""):
    return [Facts(f"image {index}", "f", "", 1.0, seen, remark) for index, remark in enumerate(remarks)]


def test_one_sentence_for_each_kind_of_remark():
    found = facts(
        "LR image has negative pixels, down to -3; outside what m was trained on: its pixels are 9 nm",
        "LR image has negative pixels, down to -5",
        "",
    )
    assert list(remarks_warnings(found)) == [
        "2 of 3 images (image 0, image 1): LR image has negative pixels, down to -3 "
        "(and 1 more such remarks in images.csv)",
        "1 of 3 images (image 0): outside what m was trained on: its pixels are 9 nm",
    ]


def test_nothing_unusual_is_no_warning():
    assert list(remarks_warnings(facts("", ""))) == []
    assert list(seen_warning(facts("", ""))) == []


def test_images_of_the_training_are_counted_and_three_of_them_named():
    seen = facts(*[""] * 5, seen="x of the training set")
    (all_seen,) = seen_warning(seen)
    assert "5 of 5 images were part of the training (image 0 is x of the training set, image 1" in all_seen
    assert "how well the training was remembered" in all_seen
    (some_seen,) = seen_warning([*seen, *facts("")])
    assert "5 of 6" in some_seen
    assert "left out of all means" in some_seen
