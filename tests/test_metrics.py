import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from scipy.stats import pearsonr
from skimage.metrics import mean_squared_error, normalized_root_mse, peak_signal_noise_ratio

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


def plain_ms_ssim(truth, prediction):
    """Wang et al. 2003, written down window by window."""
    profile = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    window = np.outer(profile, profile) / profile.sum() ** 2
    value = 1.0
    for scale, weight in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        if scale:
            even = [np.pad(image, [(0, size % 2) for size in image.shape], "edge") for image in (truth, prediction)]
            truth, prediction = (image.reshape(len(image) // 2, 2, -1, 2).mean(axis=(1, 3)) for image in even)
        x, y = (np.lib.stride_tricks.sliding_window_view(image, (11, 11)) for image in (truth, prediction))
        mean_x, mean_y = (np.einsum("abij,ij", image, window) for image in (x, y))
        x, y = x - mean_x[..., None, None], y - mean_y[..., None, None]
        variances = np.einsum("abij,ij", x**2 + y**2, window)
        term = (2 * np.einsum("abij,ij", x * y, window) + 9e-4) / (variances + 9e-4)
        if scale == 4:
            term = term * (2 * mean_x * mean_y + 1e-4) / (mean_x**2 + mean_y**2 + 1e-4)
        value *= term.mean() ** weight
    return value


def as_batch(*images):
    return (image[None, ..., None].astype("float64") for image in images)


@pytest.mark.parametrize("shape", [(176, 192), (181, 177), (200, 231)])
def test_ms_ssim_is_that_of_tensorflow(shape):
    rng = np.random.default_rng(0)
    truth = gaussian_filter(rng.uniform(0, 1, shape), 2)
    prediction = truth + rng.normal(0, 0.05, shape)
    value = metrics.ms_ssim(truth, prediction, data_range=1.0)
    assert value == pytest.approx(plain_ms_ssim(truth, prediction), abs=1e-9)
    # tf.image computes in float32: an error of 1e-8 in a variance is 1e-5 of the constant that it is added to
    expected = tf.image.ssim_multiscale(*as_batch(truth, prediction), max_val=1.0)
    assert value == pytest.approx(float(expected[0]), abs=1e-5)


def test_a_small_image_has_fewer_scales_and_a_warning_says_so(images):
    with pytest.warns(UserWarning, match="MS-SSIM of 3 scales: 5 need 176 px per side"):
        value = metrics.ms_ssim(*images, data_range=1.0)
    weights = np.array(metrics.SCALE_WEIGHTS[:3])
    expected = tf.image.ssim_multiscale(*as_batch(*images), max_val=1.0, power_factors=list(weights / weights.sum()))
    assert value == pytest.approx(float(expected[0]), abs=1e-5)
    assert metrics.score(*images, metrics.raw(1.0))["ms_ssim"] == value  # a table notes it once, not at every image


@pytest.mark.parametrize(("side", "scales"), [(11, 1), (21, 1), (22, 2), (175, 4), (176, 5), (2000, 5)])
def test_the_scales_of_an_image(side, scales):
    assert metrics.ms_ssim_scales((side, 3000)) == scales


def test_opposite_images_have_no_negative_ms_ssim():
    truth = np.random.default_rng(0).uniform(0, 1, (176, 176))
    assert metrics.ms_ssim(truth, 1 - truth, data_range=1.0) == 0
    assert float(tf.image.ssim_multiscale(*as_batch(truth, 1 - truth), max_val=1.0)[0]) == 0


def test_pearson_is_that_of_scipy(images):
    assert metrics.pearson(*images) == pytest.approx(
        pearsonr(*(image.ravel() for image in images)).statistic, abs=1e-12
    )
    assert metrics.pearson(images[0], 3 * images[0] + 1) == pytest.approx(1)
    assert metrics.pearson(images[0], np.zeros_like(images[0])) == 0


def test_mse_and_rmse_are_those_of_scikit_image(images):
    scores = metrics.score(*images, metrics.raw(1.0))
    assert scores["mse"] == pytest.approx(mean_squared_error(*images), rel=1e-9)
    assert scores["rmse"] == pytest.approx(np.sqrt(mean_squared_error(*images)), rel=1e-9)
    assert tuple(scores) == metrics.METRICS


def test_a_prediction_with_nan_has_nan_for_scores(images):
    spoilt = images[1].copy()
    spoilt[3, 4] = np.nan
    assert np.isnan(list(metrics.score(images[0], spoilt, metrics.affine).values())).all()
