import numpy as np
import pytest
import tensorflow as tf

from dfcan_bmz import losses
from dfcan_bmz.config import TrainConfig


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
    np.testing.assert_allclose(losses.dfcan(*batch), expected, atol=1e-6)


@pytest.mark.parametrize("weight", [0, 0.1, 1])
def test_the_share_of_dissimilarity_is_that_of_the_config(batch, weight):
    loss = losses.LOSSES["dfcan"](TrainConfig(ssim_weight=weight))
    expected = losses.mse(*batch) + weight * (1 - losses.ssim(*batch))
    np.testing.assert_allclose(loss(*batch), expected, rtol=1e-6)


def test_mae_and_mse_are_means_over_each_image(batch):
    truth, prediction = batch
    np.testing.assert_allclose(losses.mae(*batch), np.abs(truth - prediction).mean(axis=(1, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(losses.mse(*batch), ((truth - prediction) ** 2).mean(axis=(1, 2, 3)), rtol=1e-5)


def test_psnr_is_that_of_tensorflow(batch):
    np.testing.assert_allclose(losses.psnr(*batch), tf.image.psnr(*batch, max_val=1.0), rtol=1e-5)
    assert np.isfinite(losses.psnr(batch[0], batch[0])).all()
