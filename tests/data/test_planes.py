import numpy as np
import pytest

from dfcan_bmz import images
from dfcan_bmz.data.pairs import Pair, open_pair
from dfcan_bmz.data.planes import prepare
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images import Image
from dfcan_bmz.normalize import scaling_of


def in_memory(lr, hr):
    return Image("lr", lr, "YX", None), Image("hr", hr, "YX", None)


@pytest.mark.parametrize(("target", "expected"), [("own", 1.0), ("input", 0.5)])
def test_target_is_scaled_by_its_own_percentiles_or_by_those_of_the_input(target, expected):
    ramp = np.linspace(0, 1000, 10_000).reshape(100, 100)
    (plane,) = prepare(*in_memory(ramp, ramp / 2), target)
    assert plane.hr[:].max() == pytest.approx(expected, abs=2e-3)


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


def test_a_constant_plane_of_a_stack_is_refused_by_its_number():
    lr = np.random.default_rng(0).uniform(size=(2, 20, 20))
    hr = np.stack([np.arange(1600.0).reshape(40, 40), np.full((40, 40), 3.0)])
    with pytest.raises(DfcanError, match="plane 1 of hr is constant"):
        prepare(Image("lr", lr, "ZYX", None), Image("hr", hr, "ZYX", None), "own")
