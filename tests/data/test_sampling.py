import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfcan_bmz.data.sampling import draw_corners, signal_map


def noisy(shape, seed=0):
    return np.random.default_rng(seed).normal(0, 0.05, shape)


def test_patches_are_drawn_where_the_target_shows_something():
    hr = noisy((256, 512))
    hr[:, 320:480] += np.sin(np.arange(160) / 3)[None]
    signal = signal_map(hr, 2)
    corners = draw_corners(signal, (128, 256), 32, 500, np.random.default_rng(0))
    assert len(corners) == 500, "none is wasted"
    columns = np.array([x for _, x in corners])
    # HR columns 320..480 are LR columns 160..240: each patch must see some of them
    assert (columns + 32 > 160).all()
    assert (columns < 240).all()
    assert np.ptp([y for y, _ in corners]) > 80, "anywhere along the structure"


def test_evenly_rich_images_are_sampled_evenly_up_to_their_borders():
    corners = np.array(draw_corners(signal_map(noisy((150, 158)), 2), (75, 79), 18, 20000, np.random.default_rng(0)))
    assert corners.min(axis=0).tolist() == [0, 0]
    assert corners.max(axis=0).tolist() == [75 - 18, 79 - 18]
    counts = np.histogram2d(*corners.T, bins=4)[0]
    assert counts.min() > 0.4 * counts.mean()


def test_an_image_without_structure_at_this_scale_is_sampled_evenly():
    checks = np.indices((64, 64)).sum(axis=0) % 2.0  # its blocks are all alike
    corners = draw_corners(signal_map(checks, 2), (32, 32), 16, 200, np.random.default_rng(0))
    assert len(set(corners)) > 100


@given(st.integers(16, 60), st.integers(16, 60), st.integers(8, 30), st.sampled_from([2, 3, 4]), st.integers(0, 99))
def test_patches_lie_within_the_image(height, width, half, scale, seed):
    size = min(2 * half, height, width)
    hr = noisy((height * scale, width * scale), seed)
    for y, x in draw_corners(signal_map(hr, scale), (height, width), size, 20, np.random.default_rng(seed)):
        assert 0 <= y <= height - size
        assert 0 <= x <= width - size


def test_a_seed_repeats_the_places():
    signal = signal_map(noisy((128, 128)), 2)
    first, second = (draw_corners(signal, (64, 64), 16, 9, np.random.default_rng(5)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_the_map_is_the_mean_and_the_variance_of_blocks(dtype):
    hr = np.random.default_rng(0).integers(0, 250, (70, 100)).astype(dtype)
    signal = signal_map(hr, 2)
    assert signal.shape == (2, 2, 3)
    fine = hr[32:64, 64:96].astype(float).reshape(4, 8, 4, 8).mean(axis=(1, 3))
    np.testing.assert_allclose(signal[:, 1, 2], [fine.mean(), fine.var()], rtol=1e-3)


def test_what_is_kept_of_a_plane_is_small():
    hr = np.zeros((1004, 1004), np.uint16)
    assert signal_map(hr, 2).nbytes < 0.005 * hr.nbytes
