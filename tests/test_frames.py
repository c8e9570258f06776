"""Several planes of a file that are one image: how they are put together, normalised, and turned."""

import itertools
import math

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from dfcan_bmz import images
from dfcan_bmz.data.augment import EVERY, draw_orientation, turn, turned_back
from dfcan_bmz.data.pairs import AS_PAIRED, Pair, open_pair
from dfcan_bmz.data.patches import batch, random_patches
from dfcan_bmz.data.planes import prepare
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images import Frames
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.percentiles import percentiles
from dfcan_bmz.training.settings import resolve

ORDERS = ["".join(letters) for letters in itertools.permutations("ZAP")]


def labelled(images_, angles, phases):
    """(images, angles, phases, 6, 8): each plane is filled with its image, angle and phase, as in 412."""
    numbers = np.array([100 * z + 10 * a + p for z in range(images_) for a in range(angles) for p in range(phases)])
    return np.broadcast_to(numbers.reshape(images_, angles, phases, 1, 1), (images_, angles, phases, 6, 8))


def stored(path, order, images_=4, angles=3, phases=5):
    planes = labelled(images_, angles, phases).transpose(*("ZAP".index(letter) for letter in order), 3, 4)
    images.write(path, planes.reshape(-1, 6, 8).astype(np.uint16), "ZYX")
    return path


@pytest.mark.parametrize("order", ORDERS)
def test_frames_are_found_in_every_order_of_planes(tmp_path, order):
    image = images.open_lazily(stored(tmp_path / "raw.tif", order), Frames(15, order, 3))
    assert (image.frames, image.phases, image.axes, image.size) == (15, 5, "ZYX", (6, 8))
    np.testing.assert_array_equal(np.asarray(image.planes), labelled(4, 3, 5).reshape(4, 15, 6, 8))
    np.testing.assert_array_equal(
        image.planes[2, ..., 1:3, 4:5], labelled(4, 3, 5).reshape(4, 15, 6, 8)[2, :, 1:3, 4:5]
    )


def test_what_is_read_is_what_is_opened(tmp_path):
    path = stored(tmp_path / "raw.tif", "AZP")
    read, opened = (how(path, Frames(15, "AZP", 3)) for how in (images.read, images.open_lazily))
    np.testing.assert_array_equal(read.planes, np.asarray(opened.planes))
    np.testing.assert_array_equal(images.averaged(read).planes, np.asarray(images.averaged(opened).planes))


def test_the_frames_of_a_single_image_leave_an_image(tmp_path):
    image = images.open_lazily(stored(tmp_path / "raw.tif", "ZAP", images_=1), Frames(15))
    assert (image.axes, image.pixels.shape, image.planes.shape) == ("YX", (15, 6, 8), (1, 15, 6, 8))
    mean = images.averaged(image)
    assert (mean.axes, mean.pixels.shape, mean.frames) == ("YX", (6, 8), 1)
    np.testing.assert_allclose(mean.pixels[:], 12)


@pytest.mark.parametrize(
    ("axes", "shape"), [("TCYX", (4, 9)), ("TZYX", (9, 4)), ("ZCYX", (4, 9)), ("TZCYX", (2, 3, 9))]
)
def test_an_axis_with_a_name_and_as_many_entries_holds_the_frames(tmp_path, axes, shape):
    planes = np.arange(math.prod(shape), dtype=np.uint16).reshape(*shape, 1, 1) * np.ones((6, 8), np.uint16)
    tifffile.imwrite(tmp_path / "raw.ome.tif", planes, ome=True, metadata={"axes": axes})
    image = images.open_planes(tmp_path / "raw.ome.tif", Frames(9))
    place = shape.index(9)
    expected = np.moveaxis(planes, place, -3)
    np.testing.assert_array_equal(np.asarray(image.planes), expected.reshape(-1, 9, 6, 8))
    assert image.axes == axes.replace(axes[place], "", 1)
    if len(shape) == 2:
        assert images.open_lazily(tmp_path / "raw.ome.tif", Frames(9)).frames == 9


def test_planes_that_are_no_whole_number_of_images_are_refused(tmp_path):
    path = stored(tmp_path / "raw.tif", "ZAP", images_=1)
    with pytest.raises(DfcanError, match=r"raw\.tif has 15 planes, which are not whole images of 9 frames"):
        images.open_lazily(path, Frames(9))


def test_one_frame_an_image_is_the_plane_as_it_is(tmp_path):
    path = stored(tmp_path / "raw.tif", "ZAP")
    plain, single = images.open_lazily(path), images.open_lazily(path, Frames(1))
    assert single.planes.shape == plain.planes.shape == (60, 6, 8)
    assert images.averaged(single).planes.shape == plain.planes.shape


@given(st.integers(2, 5), st.integers(5, 30), st.integers(0, 99))
def test_all_frames_have_one_pair_of_percentiles(count, side, seed):
    frames = np.random.default_rng(seed).integers(0, 4000, (count, side, side)).astype(np.uint16)
    frames[0] //= 2  # their relation stays
    scaling = scaling_of(frames)
    np.testing.assert_allclose(scaling, np.percentile(frames, (0.1, 99.9)))
    np.testing.assert_allclose(percentiles(frames, (0.1, 99.9)), scaling)
    unit = scaling.apply(frames)
    np.testing.assert_allclose(scaling.undo(unit), frames, rtol=1e-4, atol=1e-2)


def pair_of(folder, lr, hr):
    for name, pixels in (("lr", lr), ("hr", hr)):
        (folder / name).mkdir()
        images.write(folder / name / "a.tif", pixels, "ZYX"[-pixels.ndim :])
    return Pair("a", "a", folder / "lr/a.tif", folder / "hr/a.tif")


def test_a_pair_says_by_its_planes_how_many_frames_it_has(tmp_path):
    rng = np.random.default_rng(0)
    pair = pair_of(tmp_path, rng.integers(0, 99, (18, 20, 24), np.uint16), rng.integers(0, 99, (2, 40, 48), np.uint16))
    lr, hr = open_pair(pair, 2, AS_PAIRED)
    assert (lr.frames, lr.stack, hr.stack) == (9, (2,), (2,))
    with pytest.raises(DfcanError, match=r"has 9 planes for each .* model\.inputs=9.* data\.frames=mean"):
        open_pair(pair, 2)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (["model.inputs=9", "data.frames=mean"], "model.inputs=1"),
        (["model.inputs=25"], "25 frames are not 3 angles: set data.angles"),
        (["model.inputs=3", "data.other_scales=[x3]"], "data.other_scales is for one image in"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, named):
    with pytest.raises(DfcanError, match=named):
        resolve({}, None, settings)
    assert resolve({}, None, ["model.inputs=25", "data.angles=5"]).model.inputs == 25
    assert resolve({}, None, ["model.inputs=7", "data.angles=0"]).model.inputs == 7


def test_patches_hold_all_frames_and_the_same_field_of_the_target(tmp_path):
    rng = np.random.default_rng(0)
    lr = rng.integers(0, 4000, (9, 40, 40)).astype(np.uint16)
    pair = pair_of(tmp_path, lr, lr.mean(axis=0).repeat(2, 0).repeat(2, 1).astype(np.float32))
    (plane,) = prepare(*open_pair(pair, 2, Frames(9)), "own")
    assert (plane.lr.shape, plane.phases) == ((9, 40, 40), 3)
    x, y = batch(random_patches([plane], 6, 16, ["hflip", "vflip", "rot90"], rng))
    assert (x.shape, y.shape) == ((6, 16, 16, 9), (6, 32, 32, 1))
    # whichever way a patch was turned: its frames show what its target shows
    means, targets = x.mean(axis=-1), y[:, ::2, ::2, 0]
    for mean, target in zip(means, targets, strict=True):
        assert np.corrcoef(mean.ravel(), target.ravel())[0, 1] > 0.99


def stripes(angle, phase, size=32, period=5.3):
    y, x = np.indices((size, size)) - (size - 1) / 2
    return 1 + 0.8 * np.cos(2 * np.pi / period * (x * np.cos(angle) + y * np.sin(angle)) + phase)


def raw_frames(offset, angles=3, phases=5):
    """Stripes of a microscope: orientations 60 degrees apart, a whole turn of phases from `offset` on."""
    return np.array(
        [
            stripes(0.3 + a * np.pi / angles, offset + 2 * np.pi * p / phases)
            for a in range(angles)
            for p in range(phases)
        ]
    )


def test_half_a_turn_of_raw_frames_is_what_the_same_microscope_sees_of_the_turned_specimen():
    half = next(one for one in EVERY if one.reverses_phases)
    turned = turn(raw_frames(0.7), half, phases=5)
    # a turn of half, about the middle, reverses the sign of the phase; the last phase is first now
    expected = raw_frames(-0.7 - 2 * np.pi * 4 / 5)
    np.testing.assert_allclose(turned, expected, atol=1e-9)


@pytest.mark.parametrize("orientation", [one for one in EVERY if not one.keeps_stripes])
def test_every_other_turn_gives_stripes_that_no_image_of_the_microscope_has(orientation):
    turned = turn(raw_frames(0.7), orientation, phases=5)
    own = {peak(frame) for frame in raw_frames(0.7)}
    assert not {peak(frame) for frame in turned} <= own


def peak(frame):
    """Frequency of the stripes, up to its sign."""
    size = 4 * len(frame)
    spectrum = np.abs(np.fft.fft2(frame - frame.mean(), (size, size)))
    place = np.unravel_index(np.argmax(spectrum[:, : size // 2]), (size, size // 2))
    return tuple(int(index) for index in place)


@given(st.lists(st.sampled_from(["hflip", "vflip", "rot90"]), unique=True), st.integers(0, 99))
def test_raw_frames_are_turned_by_half_or_not_at_all(kinds, seed):
    drawn = [draw_orientation(kinds, rng, phases=3) for rng in [np.random.default_rng(seed)] for _ in range(40)]
    assert all(orientation.keeps_stripes for orientation in drawn)
    possible = "rot90" in kinds or {"hflip", "vflip"} <= set(kinds)
    assert any(orientation.reverses_phases for orientation in drawn) == possible


def test_frames_without_stripes_are_turned_in_all_ways_and_keep_their_order():
    frames = np.arange(3 * 16 * 16).reshape(3, 16, 16)
    for orientation in EVERY:
        turned = turn(frames, orientation)
        for frame, own in zip(turned, frames, strict=True):
            np.testing.assert_array_equal(turned_back(frame, orientation), own)
