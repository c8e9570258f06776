"""The emulation of JDLL 0.6.1 and 0.6.3 against what it did with test descriptions, and against our prediction."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfcan_bmz.bundle.jdll import predict, scale_range, tile_side, windows
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.model import Model
from dfcan_bmz.prediction.tiles import predict_unit

SCALES = st.sampled_from([2, 3, 4])


def description(scale, tile, halo, steps=()):
    """What `dfcan-bmz package` writes of a network's sizes; `halo` in output pixels."""
    source = [{"type": "space", "id": axis, "size": tile, "scale": scale**2} for axis in "yx"]
    target = [
        {
            "type": "space",
            "id": axis,
            "scale": scale,
            "halo": halo,
            "size": {"tensor_id": "input", "axis_id": axis, "offset": 0},
        }
        for axis in "yx"
    ]
    clip = {"id": "clip", "kwargs": {"min": 0.0, "max": 1.0}}
    return {
        "inputs": [{"id": "input", "axes": source, "preprocessing": list(steps)}],
        "outputs": [{"id": "output", "axes": target, "postprocessing": [clip]}],
    }


def nearest(scale):
    return lambda batch: batch.repeat(scale, 1).repeat(scale, 2)


def position_dependent(scale):
    """A network whose answer depends on where in the tile a pixel lies, as attention and zero padding make it."""

    def run(batch):
        enlarged = nearest(scale)(batch)
        rows = np.linspace(0, 0.3, enlarged.shape[1], dtype=np.float32)
        return enlarged * 0.5 + rows[None, :, None, None]

    return run


def test_tiles_recorded_from_jdll():
    assert len(windows(300, 128, 8)) * len(windows(280, 128, 8)) == 9
    assert len(windows(7200, 128, 8)) ** 2 == 4225


def test_what_jdll_refuses_is_refused():
    with pytest.raises(DfcanError, match="third of a tile"):
        tile_side(128, 40, 8)
    with pytest.raises(DfcanError, match="not a multiple of step"):
        tile_side({"min": 66, "step": 16}, 300, 8)


def test_a_free_size_becomes_one_tile_of_the_whole_image():
    assert tile_side({"min": 64, "step": 16}, 300, 8) == 304
    assert len(windows(300, 304, 8)) == 2, "the halo leaves 288 of it"


@pytest.mark.parametrize("size", [(300, 280), (128, 128), (44, 46), (113, 400), (1000, 700), (61, 1000)])
def test_the_output_of_a_network_without_borders_is_stitched_exactly(size):
    image = np.random.default_rng(0).uniform(size=size).astype("float32")
    height, width = (length - length % 2 for length in size)
    image = image[:height, :width]
    stitched = predict(description(2, 128, 16), nearest(2), image)
    np.testing.assert_array_equal(stitched, nearest(2)(image[None, ..., None])[0, ..., 0])


@given(SCALES, st.integers(8, 20).map(lambda n: 2 * n), st.integers(1, 3), st.data())
def test_images_of_a_tile_and_more_come_out_as_our_own_prediction(scale, tile, halo, data):
    sizes = st.integers(tile - 2 * halo, 4 * tile)
    image = np.random.default_rng(0).uniform(size=data.draw(st.tuples(sizes, sizes))).astype("float32")
    network = position_dependent(scale)
    ours = Model("n", network, scale, tile, halo, "own", None)
    theirs = predict(description(scale, tile, halo * scale), network, image)
    np.testing.assert_array_equal(theirs, predict_unit(ours, image))


@given(SCALES, st.integers(8, 64).map(lambda n: 2 * n), st.integers(1, 3), st.data())
def test_every_pixel_of_the_output_is_kept_from_a_tile(scale, tile, halo, data):
    length = data.draw(st.integers(math.ceil(tile / 3), 5 * tile))
    kept = np.zeros(scale * length, int)
    for window in windows(scale * length, scale * tile, scale * halo):
        start = window.start + window.margin
        assert 0 <= start <= start + window.kept <= scale * length
        kept[start : start + window.kept] += 1
    assert (kept > 0).all()


@given(SCALES, st.integers(8, 64).map(lambda n: 2 * n), st.integers(1, 3), st.data())
def test_only_images_smaller_than_a_tile_by_an_odd_number_are_shifted(scale, tile, halo, data):
    length = data.draw(st.integers(math.ceil(tile / 3), 3 * tile))
    margins = [windows(s * length, s * tile, s * halo)[0].margin for s in (1, scale)]
    moved = scale * margins[0] - margins[1]
    odd_and_small = (tile - length) % 2 == 1 and tile - length > 2 * halo
    assert (moved != 0) == odd_and_small
    image = np.zeros((length, length), np.float32)
    image[length // 2] = 1
    stitched = predict(description(scale, tile, scale * halo), nearest(scale), image)
    assert stitched[:, 0].argmax() == scale * (length // 2) + moved


def fixed_output(halo):
    content = description(2, 128, halo)
    for axis in content["outputs"][0]["axes"]:
        axis["size"] = 256
        del axis["scale"]
    return content


def test_an_output_of_fixed_size_is_stitched_without_a_halo_and_refused_with_one():
    image = np.random.default_rng(0).uniform(size=(300, 280)).astype("float32")
    stitched = predict(fixed_output(0), nearest(2), image)
    np.testing.assert_array_equal(stitched, nearest(2)(image[None, ..., None])[0, ..., 0])
    with pytest.raises(DfcanError, match="halo"):
        predict(fixed_output(16), nearest(2), image)


def test_a_free_size_never_returns_beyond_fifty_megapixels():
    content = description(2, {"min": 64, "step": 16}, 16)
    with pytest.raises(DfcanError, match="never returns"):
        predict(content, nearest(2), np.broadcast_to(np.float32(0), (7200, 7200)))


def test_percentiles_are_nearest_ranks():
    image = np.array([[0.0, 1.0, 2.0, 10.0]], np.float32)
    np.testing.assert_allclose(scale_range(image, 0.0, 100.0, 0.0), image / 10, rtol=1e-6)
    np.testing.assert_allclose(scale_range(image, 0.0, 50.0, 0.0), image / 2, rtol=1e-6)


@given(st.integers(0, 100))
def test_nearest_ranks_are_those_beside_the_linear_percentile(seed):
    image = np.random.default_rng(seed).poisson(40, (128, 128)).astype(np.float32)
    ranked = np.sort(image, axis=None)
    for percentile in (0.1, 99.9):
        position = (image.size - 1) * percentile / 100
        nearest = ranked[int(image.size * percentile / 100)]
        assert ranked[int(position)] <= nearest <= ranked[int(position) + 2]
        # one percentile alone: the image's own value at that rank becomes 1
        np.testing.assert_allclose(
            scale_range(image, 0, percentile, 0).max(), (ranked[-1] - ranked[0]) / (nearest - ranked[0])
        )


def test_processing_that_is_not_emulated_is_named():
    step = {"id": "binarize", "kwargs": {"threshold": 0.5}}
    with pytest.raises(DfcanError, match="binarize"):
        predict(description(2, 16, 2, [step]), nearest(2), np.zeros((20, 20), np.float32))
