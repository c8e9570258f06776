import numpy as np
import pytest
import tensorflow as tf

from dfcan_bmz import losses
from dfcan_bmz.config import TrainConfig
from dfcan_bmz.loss_words import describe_loss


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    truth = rng.uniform(size=(3, 24, 40, 1)).astype("float32")
    return truth, np.clip(truth + rng.normal(0, 0.1, truth.shape), 0, 1).astype("float32")


def test_ssim_is_that_of_tensorflow(batch):
    expected = tf.image.ssim(*batch, max_val=1.0)
    np.testing.assert_allclose(losses.ssim(*batch), expected, atol=1e-5)


def test_dfcan_loss_is_mse_and_a_tenth_of_dissimilarity(batch):
    truth, prediction = batch
    expected = np.mean((truth - prediction) ** 2, axis=(1, 2, 3)) + 0.1 * (1 - tf.image.ssim(*batch, max_val=1.0))
    np.testing.assert_allclose(losses.dfcan(*batch), expected, atol=1e-5)


@pytest.mark.parametrize("weight", [0, 0.1, 1])
def test_the_share_of_dissimilarity_is_that_of_the_config(batch, weight):
    loss = losses.LOSSES["dfcan"](TrainConfig(ssim_weight=weight))
    expected = losses.mse(*batch) + weight * (1 - losses.ssim(*batch))
    np.testing.assert_allclose(loss(*batch), expected, rtol=1e-5)


def test_mae_and_mse_are_means_over_each_image(batch):
    truth, prediction = batch
    np.testing.assert_allclose(losses.mae(*batch), np.abs(truth - prediction).mean(axis=(1, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(losses.mse(*batch), ((truth - prediction) ** 2).mean(axis=(1, 2, 3)), rtol=1e-5)


def test_charbonnier_is_an_absolute_error_that_is_smooth_at_zero(batch):
    truth, prediction = batch
    expected = np.sqrt((truth - prediction).astype(float) ** 2 + 1e-6).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(losses.charbonnier(*batch), expected, rtol=1e-5)
    np.testing.assert_allclose(losses.charbonnier(truth, truth), 1e-3, rtol=1e-4)


def test_charbonnier_has_the_gradient_of_an_absolute_error_far_from_zero_and_none_at_zero():
    differences = tf.constant([-0.5, -1e-4, 0.0, 1e-4, 0.5])
    with tf.GradientTape() as tape:
        tape.watch(differences)
        loss = losses.charbonnier(tf.zeros((5, 1, 1, 1)), tf.reshape(differences, (5, 1, 1, 1)))
    # d / sqrt(d^2 + eps^2)
    np.testing.assert_allclose(tape.gradient(loss, differences), [-1, -0.0995, 0, 0.0995, 1], atol=1e-4)


def test_the_fourier_loss_adds_the_orthonormal_spectrum_of_the_difference_to_mae(batch):
    truth, prediction = batch
    spectrum = np.fft.fft2((truth - prediction)[..., 0].astype(float), norm="ortho")
    expected = np.abs(truth - prediction).mean(axis=(1, 2, 3)) + np.abs(spectrum).mean(axis=(1, 2))
    np.testing.assert_allclose(losses.fourier(*batch), expected, rtol=1e-5)


def test_the_fourier_loss_has_a_gradient_where_nothing_differs(batch):
    truth = tf.constant(batch[0])
    with tf.GradientTape() as tape:
        tape.watch(truth)
        loss = losses.fourier(truth, batch[0])
    np.testing.assert_array_equal(tape.gradient(loss, truth), 0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ssim_weight": 0.5}, "MSE + 0.5 (1 - SSIM)"),
        ({"loss": "mae"}, "MAE"),
        ({"loss": "mse"}, "MSE"),
        ({"loss": "charbonnier"}, "Charbonnier (eps 0.001)"),
        ({"loss": "fourier"}, "MAE + mean magnitude of the difference's Fourier transform"),
    ],
)
def test_every_loss_is_told_in_words(settings, words):
    assert describe_loss(TrainConfig(**settings)) == words


def test_psnr_is_that_of_tensorflow(batch):
    np.testing.assert_allclose(losses.psnr(*batch), tf.image.psnr(*batch, max_val=1.0), rtol=1e-5)
    assert np.isfinite(losses.psnr(batch[0], batch[0])).all()


def test_the_published_loss_is_that_of_images_scaled_to_their_extremes_in_the_batch(batch):
    truth, prediction = batch
    scaled = [(images - images.min()) / (images.max() - images.min()) for images in (truth, prediction)]
    published = losses.LOSSES["dfcan-published"](TrainConfig(ssim_weight=0.1))
    np.testing.assert_allclose(published(*batch), losses.dfcan(*scaled), rtol=1e-5)
    np.testing.assert_allclose(published(truth, 3 * prediction - 1), published(*batch), rtol=1e-3)


def test_the_published_loss_of_a_flat_output_is_no_number(batch):
    truth, prediction = batch
    assert np.isnan(losses.dfcan_published(truth, np.zeros_like(prediction))).all()
