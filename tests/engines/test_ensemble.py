import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prediction.enlarging import position_dependent

from dfcan_bmz.data.augment import EVERY, turn
from dfcan_bmz.engines.ensemble import averaging
from dfcan_bmz.images import Frames
from dfcan_bmz.model import Model, averaged
from dfcan_bmz.prediction.tiles import predict_unit


def test_a_tile_is_the_mean_of_what_the_network_makes_of_it_in_eight_orientations():
    batch = np.random.default_rng(0).random((2, 12, 12, 1), np.float32)
    found = []
    for mirrored in (batch, batch[:, :, ::-1]):
        for quarters in range(4):
            output = np.rot90(position_dependent(np.rot90(mirrored, quarters, (1, 2))), -quarters, (1, 2))
            found.append(output if mirrored is batch else output[:, :, ::-1])
    np.testing.assert_allclose(averaging(position_dependent)(batch), np.mean(found, axis=0), rtol=1e-6)
    assert np.ptp(found, axis=0).max() > 0.1


def uneven(batch):
    """A network with a preferred direction: each pixel is mixed with its left neighbour, and the one above that."""
    mixed = batch + 0.5 * np.roll(batch, 1, 2) + 0.25 * np.roll(batch, (1, 1), (1, 2))
    return (mixed / 1.75).repeat(2, 1).repeat(2, 2)


@given(st.integers(5, 40), st.integers(5, 40), st.sampled_from(EVERY), st.integers(0, 9))
def test_a_turned_image_has_the_turned_prediction_whatever_its_size_and_tiles(height, width, orientation, seed):
    model = Model("net", uneven, 2, 16, 4, "own", None)
    unit = np.random.default_rng(seed).random((height, width), np.float32)
    turned = predict_unit(averaged(model), turn(unit, orientation))
    np.testing.assert_allclose(turned, turn(predict_unit(averaged(model), unit), orientation), atol=1e-6)


def test_frames_with_stripes_have_the_two_orientations_that_keep_them():
    seen = []

    def network(batch):
        seen.append(batch)
        return batch.mean(axis=-1, keepdims=True).repeat(2, 1).repeat(2, 2)

    model = averaged(Model("net", network, 2, 8, 0, "own", None, frames=Frames(6, "ZAP", 2)))
    frames = np.random.default_rng(0).random((6, 8, 8), np.float32)
    predict_unit(model, frames)
    assert model.orientations == len(seen) == 2
    np.testing.assert_array_equal(np.moveaxis(seen[0][0], -1, 0), frames)
    half = frames.reshape(2, 3, 8, 8)[:, ::-1, ::-1, ::-1].reshape(6, 8, 8)
    np.testing.assert_array_equal(np.moveaxis(seen[1][0], -1, 0), half)


@pytest.mark.parametrize("batch", [1, 3])
def test_an_averaging_model_averages_once_however_often_it_is_asked_to(batch):
    calls = []

    def network(tiles):
        calls.append(len(tiles))
        return tiles.repeat(2, 1).repeat(2, 2)

    model = averaged(averaged(Model("net", network, 2, 16, 0, "own", None, batch=batch)))
    predict_unit(model, np.zeros((16, 32), np.float32))
    assert sum(calls) == 8 * 2
