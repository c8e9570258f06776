import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import normalized_root_mse, peak_signal_noise_ratio

from dfcan_bmz import metrics


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    truth = rng.uniform(0, 1, (48, 64))
    return truth, truth + rng.normal(0, 0.05, truth.shape)


def test_raw_scores_are_those_of_scikit_image(images):
    scores = metrics.score(*images, metrics.raw(1.0))
    assert scores["psnr"] == pytest.approx(peak_signal_noise_ratio(*images, data_range=1))
    assert scores["nrmse"] == pytest.approx(normalized_root_mse(*images, normalization="min-max"))


def test_ssim_is_that_of_tensorflow(images):
    expected = tf.image.ssim(*(image[..., None].astype("float64") for image in images), max_val=1.0)
    assert metrics.ssim(*images, data_range=1.0) == pytest.approx(float(expected), abs=1e-6)


def test_raw_refers_to_the_peak(images):
    truth, prediction = images
    scaled = metrics.score(255 * truth, 255 * prediction, metrics.raw(255.0))
    assert scaled == pytest.approx(metrics.score(truth, prediction, metrics.raw(1.0)))


@given(gain=st.floats(0.01, 100), offset=st.floats(-100, 100))
def test_affine_and_min_max_ignore_gain_and_offset_of_the_prediction(gain, offset):
    rng = np.random.default_rng(0)
    truth, prediction = rng.uniform(size=(2, 16, 16))
    for protocol in (metrics.affine, metrics.min_max):
        expected = metrics.score(truth, prediction, protocol)
        assert metrics.score(truth, gain * prediction + offset, protocol) == pytest.approx(expected, rel=1e-6)


def test_affine_fit_is_the_least_squares_one(images):
    truth, prediction = images
    scaled, fitted = metrics.affine(truth, prediction)
    gain, offset = np.polyfit(prediction.ravel(), scaled.ravel(), 1)
    np.testing.assert_allclose(fitted, gain * prediction + offset)


def test_a_black_prediction_has_scores(images):
    for protocol in (metrics.min_max, metrics.affine, metrics.raw(1.0)):
        scores = metrics.score(images[0], np.zeros_like(images[0]), protocol)
        assert np.isfinite(list(scores.values())).all()


def test_affine_of_a_constant_prediction_is_the_mean_of_the_truth(images):
    scaled, fitted = metrics.affine(images[0], np.zeros_like(images[0]))
    np.testing.assert_allclose(fitted, scaled.mean())
