import numpy as np
import pytest

from dfcan_bmz.metrics import rse_map, ssim, ssim_map


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    truth = rng.random((40, 48))
    return truth, truth + 0.1 * rng.standard_normal(truth.shape)


def test_the_mean_of_the_ssim_map_is_the_metric(images):
    truth, prediction = images
    similarity = ssim_map(truth, prediction)
    assert similarity.shape == truth.shape
    assert similarity[5:-5, 5:-5].mean() == pytest.approx(ssim(truth, prediction, data_range=1.0), abs=1e-12)


def test_maps_find_the_place_of_an_error(images):
    truth, _ = images
    prediction = truth.copy()
    prediction[20, 30] += 0.5
    error, similarity = rse_map(truth, prediction), ssim_map(truth, prediction)
    assert np.unravel_index(error.argmax(), error.shape) == (20, 30)
    assert error.sum() == pytest.approx(0.5)
    assert (similarity[15:26, 25:36] < 1 - 1e-6).all(), "every window that holds the pixel"
    similarity[15:26, 25:36] = 1
    assert similarity.min() == pytest.approx(1)
