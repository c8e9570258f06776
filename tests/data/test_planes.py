import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dfcan_bmz import images
from dfcan_bmz.config import Config
from dfcan_bmz.data.pairs import Pair, open_pair
from dfcan_bmz.data.planes import comparable, prepare
from dfcan_bmz.data.sampling import draw_corners
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images import Image
from dfcan_bmz.normalize import scaling_of


def in_memory(lr, hr):
    return Image("lr", lr, "YX"), Image("hr", hr, "YX")


@pytest.mark.parametrize(("target", "expected"), [("own", 1.0), ("input", 0.5)])
def test_target_is_scaled_by_its_own_percentiles_or_by_those_of_the_input(target, expected):
    ramp = np.linspace(0, 1000, 10_000).reshape(100, 100)
    (plane,) = prepare(*in_memory(ramp, ramp / 2), target)
    assert plane.hr[:].max() == pytest.approx(expected, abs=2e-3)


@given(st.floats(0, 0.9))
def test_what_is_below_the_background_cut_is_black_and_the_rest_keeps_its_order(cut):
    ramp = np.linspace(0, 1000, 10_000).reshape(100, 100)
    (plane,), (whole,) = (prepare(*in_memory(ramp, ramp), "own", background_cut=share) for share in (cut, 0.0))
    np.testing.assert_allclose(plane.hr[:], np.clip((whole.hr[:] - cut) / (1 - cut), 0, 1), atol=1e-4)
    np.testing.assert_array_equal(plane.lr[:], whole.lr[:])


def test_intensities_of_the_input_are_not_cut():
    with pytest.raises(ValidationError, match=r"set data\.target=own"):
        Config.model_validate({"data": {"target": "input", "background_cut": 0.1}})


def test_target_is_clipped_to_unit_range_and_the_input_is_not():
    image = np.random.default_rng(0).normal(size=(100, 100))
    (plane,) = prepare(*in_memory(image, image), "own")
    assert (plane.hr[:].min(), plane.hr[:].max()) == (0, 1)
    assert plane.lr[:].min() < 0
    assert plane.lr[:].max() > 1


def test_a_plane_in_a_file_is_cut_as_one_in_memory_would_be(tmp_path):
    rng = np.random.default_rng(0)
    lr, hr = rng.integers(0, 999, (3, 20, 24)).astype(np.uint16), rng.uniform(0, 9, (3, 40, 48)).astype(np.float32)
    images.write(tmp_path / "lr.tif", lr, "ZYX")
    images.write(tmp_path / "hr.tif", hr, "ZYX")
    planes = prepare(*open_pair(Pair("a", "a", tmp_path / "lr.tif", tmp_path / "hr.tif"), 2), "own")
    assert len(planes) == 3
    for plane, lr_pixels, hr_pixels in zip(planes, lr, hr, strict=True):
        np.testing.assert_array_equal(plane.lr[2:9, 3:], scaling_of(lr_pixels).apply(lr_pixels)[2:9, 3:])
        np.testing.assert_array_equal(plane.hr[4:18], np.clip(scaling_of(hr_pixels).apply(hr_pixels), 0, 1)[4:18])
        assert plane.lr.shape == (20, 24)


def test_a_plane_that_is_bad_in_either_image_is_left_out_and_told_of():
    rng = np.random.default_rng(0)
    lr, hr = rng.uniform(size=(4, 20, 20)), rng.uniform(size=(4, 40, 40))
    hr[1], lr[3, 5, 5] = 3.0, np.nan
    told = []
    planes = prepare(Image("lr", lr, "ZYX"), Image("hr", hr, "ZYX"), "own", told.append)
    assert [plane.position for plane in planes] == [0, 2]
    np.testing.assert_array_equal(planes[1].lr[:], scaling_of(lr[2]).apply(lr[2]))
    assert told == [
        "lr: plane 4 is left out, as it holds NaN or infinite pixels",
        "hr: plane 2 is left out, as it is constant (3) except for a few pixels at most",
    ]


@pytest.mark.parametrize(("dtype", "unit"), [("float32", 1e30), ("float64", 1e30), ("float64", 1e200)])
def test_where_the_signal_is_does_not_depend_on_the_unit(dtype, unit):
    """Squares of 1e30 are beyond float32."""
    hr = np.random.default_rng(0).random((64, 128)) * np.linspace(0, 1, 128)
    corners = []
    for pixels in (hr, (hr * unit).astype(dtype)):
        (plane,) = prepare(*in_memory(pixels[::2, ::2], pixels), "own")
        corners.append(draw_corners(plane.signal, (32, 64), 16, 20, np.random.default_rng(0)))
    assert corners[0] == corners[1]


def test_a_pair_without_any_good_plane_is_refused():
    lr = np.random.default_rng(0).uniform(size=(2, 20, 20))
    hr = lr.repeat(2, 1).repeat(2, 2)
    lr[0], hr[1] = 0, 0
    with pytest.raises(DfcanError, match=r"plane 1 .*plane 2 .*no plane is left"):
        prepare(Image("lr", lr, "ZYX"), Image("hr", hr, "ZYX"), "own")


@pytest.mark.parametrize("target", ["own", "input"])
def test_detail_on_a_large_offset_is_sampled_and_shown_as_without_it(target):
    rng = np.random.default_rng(0)
    lr, hr = rng.integers(0, 50, (40, 40)), rng.integers(0, 50, (80, 80))
    (small,) = prepare(*in_memory(lr.astype(np.uint16), hr.astype(np.uint16)), target)
    (large,) = prepare(*in_memory((lr + 3 * 10**9).astype(np.uint32), (hr + 3 * 10**9).astype(np.uint32)), target)
    np.testing.assert_allclose(large.lr[:], small.lr[:], atol=1e-6)
    np.testing.assert_allclose(large.hr[:], small.hr[:], atol=1e-6)
    variance = small.signal[1] / small.signal[1].max()
    np.testing.assert_allclose(large.signal[1] / large.signal[1].max(), variance, rtol=1e-3)
    shown = comparable((lr + 3 * 10**9).astype(np.uint32), (hr + 3 * 10**9).astype(np.uint32), target)
    np.testing.assert_allclose(np.corrcoef(shown[1].ravel(), hr.ravel())[0, 1], 1, atol=1e-6)
