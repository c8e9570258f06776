"""Pairs of folders, of several folders, and of arrays."""

from pathlib import Path

import numpy as np
import pytest

from dfcan_bmz import images
from dfcan_bmz.data.sources import folder_of, open_set
from dfcan_bmz.errors import DfcanError


def planes(count, side, seed=0):
    return np.random.default_rng(seed).gamma(2, 100, (count, side, side)).astype(np.uint16)


def test_arrays_are_pairs_of_files_while_the_block_runs():
    lr, hr = planes(3, 20), planes(3, 40)
    with open_set(lr, list(hr)) as found:
        assert len({pair.fov for pair in found.pairs}) == 3
        for pair, low, high in zip(found.pairs, lr, hr, strict=True):
            np.testing.assert_array_equal(images.read(pair.lr).pixels, low)
            np.testing.assert_array_equal(images.read(pair.hr).pixels, high)
    assert not found.pairs[0].lr.exists()


def test_equal_arrays_have_equal_files_so_that_a_training_knows_them_again():
    lr, hr = planes(2, 20), planes(2, 40)
    with open_set(lr, hr) as one, open_set(lr, hr) as other:
        assert one.pairs[0].lr.read_bytes() == other.pairs[0].lr.read_bytes()


def test_a_stack_is_one_image_of_several_planes():
    with open_set([planes(4, 20)], [planes(4, 40)]) as found:
        (pair,) = found.pairs
        assert images.read(pair.lr).pixels.shape == (4, 20, 20)


def test_frames_are_one_axis_more():
    frames = np.stack([planes(2, 20, seed) for seed in range(3)], axis=1)
    with open_set(frames, planes(2, 40)) as found:
        assert [images.read(pair.lr).pixels.shape for pair in found.pairs] == [(3, 20, 20)] * 2
        assert [images.read(pair.hr).pixels.shape for pair in found.pairs] == [(40, 40)] * 2


def test_of_several_folders_names_and_fields_stay_apart(pairs_folder):
    one = pairs_folder / "lr", pairs_folder / "hr"
    with open_set(*one) as alone, open_set([one[0]] * 2, [str(one[1])] * 2) as both:
        assert len(both.pairs) == 2 * len(alone.pairs) == len({pair.name for pair in both.pairs})
        assert len({pair.fov for pair in both.pairs}) == 2 * len({pair.fov for pair in alone.pairs})
        assert both.config == alone.config
        assert both.rows[both.pairs[-1].name] == alone.rows[alone.pairs[-1].name]


@pytest.mark.parametrize(
    ("lr", "hr", "told"),
    [
        (planes(3, 20), planes(2, 40), "3 images and 2 images"),
        (Path("lr"), planes(2, 40), "1 folders and 2 images"),
        ([np.zeros(5)], [np.zeros(5)], "not images"),
        ([Path("lr"), planes(1, 20)[0]], Path("hr"), "not both"),
    ],
)
def test_what_does_not_match_is_refused(lr, hr, told):
    with pytest.raises(DfcanError, match=told), open_set(lr, hr):
        pass


def test_a_folder_is_taken_as_it_is_and_arrays_become_one(pairs_folder):
    with folder_of(pairs_folder / "hr") as folder:
        assert folder == pairs_folder / "hr"
    with folder_of(planes(2, 16)) as folder:
        assert len(images.find(folder)) == 2
