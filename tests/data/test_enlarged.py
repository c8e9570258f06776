"""Enlarging what is cut is cutting what is enlarged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfcan_bmz.config import ModelConfig
from dfcan_bmz.data.enlarged import Enlarged, enlarge
from dfcan_bmz.data.patches import crop, grid_patches
from dfcan_bmz.data.planes import Plane
from dfcan_bmz.models import build_model

LR = np.random.default_rng(0).uniform(size=(14, 18)).astype(np.float32)


@pytest.fixture(scope="module")
def by_networks():
    """The whole plane as the networks enlarge it, by scale."""
    rng = np.random.default_rng(0)
    return {
        scale: np.asarray(build_model(ModelConfig(name="bicubic", scale=scale), rng)(LR[None, ..., None]))[0, ..., 0]
        for scale in (2, 3, 4)
    }


@given(st.sampled_from([2, 3, 4]), st.data())
def test_every_cut_is_what_the_networks_make_of_the_whole_plane(by_networks, scale, data):
    spans = [sorted(data.draw(st.sets(st.integers(0, side * scale), min_size=2, max_size=2))) for side in LR.shape]
    key = tuple(slice(*span) for span in spans)
    cut = Enlarged(LR, scale)[key]
    expected = by_networks[scale][key]
    assert cut.shape == expected.shape
    np.testing.assert_allclose(cut, expected, atol=1e-5)


def test_patches_of_all_scales_have_one_size(by_networks):
    planes = [enlarge(Plane(LR, np.zeros((14 * s, 18 * s), np.float32), np.zeros((2, 1, 1))), s) for s in (2, 3)]
    assert planes[1].signal.shape == (2, 3, 3)
    assert {patch.lr.shape for patch in grid_patches(planes, 20)} == {(20, 20)}
    patch = crop(planes[1], 7, 11, 20)
    assert patch.hr.shape == (20, 20)
    np.testing.assert_allclose(patch.lr, by_networks[3][7:27, 11:31], atol=1e-5)
