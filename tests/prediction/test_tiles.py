import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import convolve

from dfcan_bmz.model import Model
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.prediction.tiles import (
    count_tiles,
    predict_bands,
    predict_plane,
    predict_region,
    predict_unit,
)
from dfcan_bmz.tiling import parts


def enlarging(tile, halo, scale=2, network=None):
    """A predictor that repeats pixels, and refuses any tile but its own."""

    def repeat(batch):
        assert batch.shape == (1, tile, tile, 1)
        assert batch.dtype == np.float32
        return batch.repeat(scale, 1).repeat(scale, 2)

    return Model("test", network or repeat, scale, tile, halo, "own", None)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from([2, 3, 4]), st.integers(0, 7))
def test_any_size_comes_back_s_times_as_large_with_every_pixel_in_its_place(height, width, scale, halo):
    plane = np.random.default_rng(0).uniform(0, 100, (height, width))
    predicted = predict_plane(enlarging(16, halo, scale), plane)
    expected = np.clip(scaling_of(plane).apply(plane), 0, 1).repeat(scale, 0).repeat(scale, 1)
    np.testing.assert_array_equal(predicted, expected)


def test_a_network_that_reaches_no_further_than_the_halo_leaves_no_seam():
    kernel = np.random.default_rng(0).uniform(size=(7, 7))
    kernel /= kernel.sum()

    def blur(batch):
        blurred = convolve(batch[0, :, :, 0], kernel, mode="constant")
        return blurred[None, ..., None].repeat(2, 1).repeat(2, 2)

    plane = np.random.default_rng(1).uniform(size=(50, 61))
    whole = convolve(scaling_of(plane).apply(plane), kernel, mode="reflect")  # scipy's name for "symmetric"
    expected = np.clip(whole, 0, 1).repeat(2, 0).repeat(2, 1)
    np.testing.assert_allclose(predict_plane(enlarging(16, 3, network=blur), plane), expected, atol=1e-6)
    seams = np.abs(predict_plane(enlarging(16, 1, network=blur), plane) - expected).max()
    assert seams > 0.01, "with a smaller halo the test would see seams"


@pytest.mark.parametrize("size", [5, 16, 31])
def test_output_is_clipped_to_unit_range(size):
    plane = np.random.default_rng(0).normal(size=(size, size))
    predicted = predict_plane(enlarging(16, 2), plane)
    assert predicted.min() >= 0
    assert predicted.max() <= 1


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 90), st.integers(0, 7), st.data(), st.sampled_from([2, 3]))
def test_weights_of_all_tiles_sum_up_to_one(length, halo, data, scale):
    blend = data.draw(st.integers(0, halo))
    total = np.zeros(scale * length)
    for part in parts(length, 16, halo, blend, scale):
        assert part.weights.shape == (part.stop - part.start,)
        assert (part.weights >= 0).all()
        assert part.start >= scale * part.reads_from
        assert part.stop <= scale * (part.reads_from + 16)
        total[part.start : part.stop] += part.weights
    np.testing.assert_allclose(total, 1, atol=1e-6)


def position_dependent(batch):
    """A network whose output depends on where in its tile a pixel lies, as attention and padding make it."""
    _, height, width, _ = batch.shape
    gain = np.linspace(0.5, 1, 2 * height)[:, None] * np.linspace(0.5, 1, 2 * width)
    return (batch.repeat(2, 1).repeat(2, 2) * gain[None, :, :, None]).astype(np.float32)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 4), st.data())
def test_a_region_is_predicted_as_within_the_whole_plane(height, width, blend, data):
    predictor = enlarging(16, 4, network=position_dependent)._replace(blend=blend)
    unit = np.random.default_rng(0).uniform(size=(height, width)).astype(np.float32)
    whole = predict_unit(predictor, unit)
    top, left = data.draw(st.integers(0, 2 * height - 1)), data.draw(st.integers(0, 2 * width - 1))
    rows = slice(top, data.draw(st.integers(top + 1, 2 * height)))
    columns = slice(left, data.draw(st.integers(left + 1, 2 * width)))
    region = predict_region(predictor, lambda *where: unit[where], unit.shape, rows, columns)
    np.testing.assert_array_equal(region, whole[rows, columns])


def test_no_rows_are_no_bands():
    predictor = enlarging(16, 4, network=position_dependent)
    assert list(predict_bands(predictor, lambda rows, columns: None, (30, 20), slice(60, None))) == []


def test_the_cuts_of_a_long_axis_take_no_more_memory_than_the_axis():
    tracemalloc.start()
    found = parts(100_000, 128, 8, 4, 2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found[-1].stop == 200_000
    assert peak < 10 * 200_000


def test_blending_turns_the_step_between_tiles_into_a_slope():
    unit = np.ones((60, 60), np.float32)
    largest = {}
    for blend in (0, 4):
        predicted = predict_unit(enlarging(16, 4, network=position_dependent)._replace(blend=blend), unit)
        largest[blend] = np.abs(np.diff(predicted, axis=1)).max()
    assert largest[4] < largest[0] / 5


def test_bands_come_in_order_and_every_tile_is_told():
    unit = np.random.default_rng(0).uniform(size=(50, 30)).astype(np.float32)
    predictor = enlarging(16, 4, network=position_dependent)._replace(blend=3)
    told = []
    bands = list(predict_bands(predictor, lambda *where: unit[where], unit.shape, on_tile=lambda: told.append(1)))
    assert [row for row, _ in bands] == np.cumsum([0, *(len(band) for _, band in bands)])[:-1].tolist()
    np.testing.assert_array_equal(np.concatenate([band for _, band in bands]), predict_unit(predictor, unit))
    assert len(told) == count_tiles(predictor, unit.shape)


@given(st.integers(1, 70), st.integers(1, 70), st.integers(2, 5))
def test_tiles_that_go_through_the_network_together_give_what_each_gives_alone(height, width, batch):
    plane = np.random.default_rng(0).uniform(size=(height, width))
    sizes = []

    def repeat(tiles):
        sizes.append(len(tiles))
        return tiles.repeat(2, 1).repeat(2, 2)

    together = enlarging(16, 2, network=repeat)._replace(batch=batch)
    np.testing.assert_array_equal(predict_plane(together, plane), predict_plane(enlarging(16, 2), plane))
    assert max(sizes) <= batch
    assert sum(sizes) == count_tiles(together, plane.shape)
