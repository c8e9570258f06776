import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.ndimage import gaussian_filter

from dfcan_bmz.config import Config
from dfcan_bmz.data.augment import draw_orientation, turn
from dfcan_bmz.data.patches import Place, batch, crop, grid_patches, random_patches, richest_crop, rotated
from dfcan_bmz.data.planes import Plane
from dfcan_bmz.data.sampling import block_means

KINDS = ["hflip", "vflip", "rot90"]


def coordinate_plane(height, width, scale):
    """Each LR pixel holds its own index, each HR pixel the index of the LR pixel that it lies in."""
    lr = np.arange(height * width, dtype=np.float32).reshape(height, width)
    return Plane(lr, lr.repeat(scale, 0).repeat(scale, 1))


@given(st.integers(16, 40), st.integers(16, 40), st.sampled_from([2, 3, 4]), st.integers(0, 9))
def test_lr_and_hr_are_cropped_flipped_and_turned_alike(height, width, scale, seed):
    plane = coordinate_plane(height, width, scale)
    for patch in random_patches([plane], 4, 16, KINDS, np.random.default_rng(seed)):
        assert patch.lr.shape == (16, 16)
        np.testing.assert_array_equal(patch.hr, patch.lr.repeat(scale, 0).repeat(scale, 1))


def test_all_eight_orientations_occur():
    patch = coordinate_plane(2, 2, 2)
    rng = np.random.default_rng(0)
    seen = {turn(patch.lr, draw_orientation(KINDS, rng)).tobytes() for _ in range(200)}
    assert len(seen) == 8


def test_without_augmentation_patches_are_plain_crops():
    plane = coordinate_plane(20, 20, 2)
    for patch in random_patches([plane], 5, 16, [], np.random.default_rng(0)):
        assert (np.diff(patch.lr, axis=1) == 1).all()


def test_a_generator_repeats_the_epoch_and_another_does_not():
    plane = coordinate_plane(30, 30, 2)
    first, second, other = (
        batch(random_patches([plane], 8, 16, KINDS, np.random.default_rng(seed)))[0] for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_the_grid_covers_what_whole_patches_cover():
    patches = grid_patches([coordinate_plane(35, 50, 2)], 16)
    assert len(patches) == 2 * 3
    assert len({float(patch.lr[0, 0]) for patch in patches}) == 6


def test_batches_have_the_network_s_axes():
    lr, hr = batch([coordinate_plane(16, 16, 2)] * 3)
    assert lr.shape == (3, 16, 16, 1)
    assert hr.shape == (3, 32, 32, 1)


def test_the_richest_crop_shows_the_structure():
    lr = np.zeros((64, 64), np.float32)
    lr[40:50, 40:50] = np.random.default_rng(0).uniform(size=(10, 10))
    sample = richest_crop(Plane(lr, lr.repeat(2, 0).repeat(2, 1)), 16)
    assert sample.lr.shape == (16, 16)
    assert np.count_nonzero(sample.lr) > 80


@pytest.mark.parametrize("size", [17, 64])
def test_a_crop_of_a_small_image_is_all_of_it_that_is_even(size):
    assert richest_crop(coordinate_plane(size, size, 2), 100).lr.shape == (size // 2 * 2, size // 2 * 2)


def test_crop_names_the_same_place_in_both():
    patch = crop(coordinate_plane(10, 10, 3), 2, 4, 4)
    assert patch.lr[0, 0] == patch.hr[0, 0] == 24


def smooth_plane(side, scale):
    """A plane whose LR pixels are means of its HR pixels, and smooth enough to be interpolated."""
    hr = gaussian_filter(np.random.default_rng(0).uniform(size=(scale * side,) * 2), 3 * scale, mode="wrap")
    hr = ((hr - hr.min()) / np.ptp(hr)).astype(np.float32)
    return Plane(block_means(hr, scale), hr)


@given(st.sampled_from([2, 3, 4]), st.floats(1, 359))
def test_a_patch_rotated_by_any_angle_is_the_same_in_both_images(scale, degrees):
    patch = rotated(smooth_plane(48, scale), Place(0, 14, 15, degrees=degrees), 16)
    assert (patch.lr.shape, patch.hr.shape) == ((16, 16), (16 * scale,) * 2)
    np.testing.assert_allclose(block_means(patch.hr, scale), patch.lr, atol=0.02)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_rotation_by_right_angles_is_the_exact_one(quarters):
    plane = smooth_plane(48, 2)
    exact = crop(plane, 14, 15, 16)
    patch = rotated(plane, Place(0, 14, 15, degrees=90 * quarters), 16)
    for turned, of in zip(patch, exact, strict=True):
        np.testing.assert_allclose(turned, np.rot90(of, quarters), atol=1e-5)


def test_half_of_the_patches_are_rotated_by_any_angle_and_the_others_are_plain_crops():
    patches = random_patches([coordinate_plane(64, 64, 2)], 200, 16, ["rotate"], np.random.default_rng(0))
    plain = sum(bool((np.diff(patch.lr, axis=1) == 1).all()) for patch in patches)
    assert 70 < plain < 130
    assert len({place.degrees for place in patches.places}) == 201 - plain


def test_stripes_are_not_rotated():
    frames = {"model": {"inputs": 9}, "data": {"augment": ["rotate"]}}
    with pytest.raises(ValidationError, match="orientations that no image has"):
        Config.model_validate(frames)
    frames["data"]["angles"] = 0
    assert Config.model_validate(frames).data.augment == ["rotate"]
