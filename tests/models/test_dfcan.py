import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import skip_engine
from models import reference_dfcan
from models.attention import convolutions, strengthen

from dfcan_bmz.config import ModelConfig
from dfcan_bmz.models import build_model
from dfcan_bmz.models.dfcan import spectrum


@pytest.mark.parametrize(("filters", "groups", "blocks"), [(64, 4, 4), (16, 2, 2), (48, 2, 4)])
def test_fresh_features_are_large_enough_to_bend_and_the_output_is_small(filters, groups, blocks):
    rng = np.random.default_rng(3)
    model = build_model(ModelConfig(filters=filters, groups=groups, blocks=blocks), rng)
    image = rng.uniform(0, 1, (1, 32, 32, 1)).astype("float32")
    first, enlarged = (convolutions(model)[index].output for index in (0, -2))
    features = keras.Model(model.input, [first, enlarged])(image)
    assert all(0.3 < np.sqrt(np.mean(np.square(values))) < 20 for values in features)
    assert np.std(model(image)) < 0.4


def spectrum_model():
    image = keras.Input((None, None, 3))
    return keras.Model(image, spectrum(image))


@pytest.mark.parametrize("shape", [(2, 16, 16, 3), (1, 12, 30, 3), (1, 30, 12, 3), (3, 2, 2, 3), (1, 64, 250, 3)])
def test_spectrum_is_the_centred_magnitude_of_the_fft(shape):
    y = np.random.default_rng(1).normal(size=shape).astype("float32")
    magnitude = np.abs(np.fft.fft2(y.astype(float), axes=(1, 2))) / np.sqrt(shape[1] * shape[2])
    expected = np.fft.fftshift(magnitude, axes=(1, 2)) ** 0.8
    np.testing.assert_allclose(spectrum_model()(y), expected, rtol=1e-4, atol=1e-5)


def test_spectrum_has_the_zero_frequency_in_the_centre():
    output = np.asarray(spectrum_model()(np.ones((1, 8, 12, 3), "float32")))
    assert np.unravel_index(output[0, :, :, 0].argmax(), (8, 12)) == (4, 6)


def test_spectrum_is_float32_under_every_dtype_policy():
    image = keras.Input((None, None, 3), dtype="bfloat16")
    y = np.random.default_rng(2).integers(0, 2, (1, 8, 8, 3))
    output = keras.Model(image, spectrum(image))(y.astype("float32"))
    assert output.dtype == tf.float32
    np.testing.assert_allclose(output, spectrum_model()(y.astype("float32")), atol=1e-5)


@pytest.mark.parametrize(("scale", "shape"), [(2, (16, 16)), (2, (12, 22)), (3, (14, 10)), (4, (8, 8))])
def test_network_equals_a_plain_numpy_evaluation(scale, shape):
    rng = np.random.default_rng(scale)
    model = build_model(ModelConfig(scale=scale, filters=16, groups=2, blocks=2, output="sigmoid"), rng)
    strengthen(model, rng)
    weights = [layer.get_weights() for layer in convolutions(model)]
    x = rng.uniform(0, 1, shape)
    expected = reference_dfcan.dfcan(x, weights, scale, groups=2, blocks=2)
    flat = reference_dfcan.dfcan(
        x, weights, scale, 2, 2, spectrum=lambda y: np.full_like(y, reference_dfcan.spectrum(y).mean())
    )
    # the comparison can see the Fourier branch, and a constant image would not pass
    assert np.abs(flat - expected).max() > 5e-3
    assert np.ptp(expected) > 1e-2
    output = model(x[None, ..., None].astype("float32"))
    np.testing.assert_allclose(np.asarray(output)[0, :, :, 0], expected, atol=1e-5)


BLACK_PATCH = """
import numpy as np
import keras
from dfcan_bmz.config import ModelConfig
from dfcan_bmz.losses import dfcan
from dfcan_bmz.models import build_model

model = build_model(ModelConfig(filters=4, groups=1, blocks=1), np.random.default_rng(0))
model.compile(optimizer="sgd", loss=dfcan, jit_compile={jit})
# torch on a CPU refuses the kernel gradients of tiny batches of one: slow_conv2d wants them contiguous
black = np.zeros((2, 16, 16, 1), "float32")
for _ in range(2):
    model.train_on_batch(black, np.zeros((2, 32, 32, 1), "float32"))
assert all(np.isfinite(weight).all() for weight in model.get_weights())
"""


@pytest.mark.parametrize(
    ("backend", "jit"), [("tensorflow", False), ("tensorflow", True), ("torch", False), ("jax", True)]
)
def test_a_black_patch_leaves_the_weights_finite_on_every_backend(backend, jit):
    if importlib.util.find_spec(backend) is None:
        skip_engine(f"{backend} is not installed: pip install {backend}")
    environment = os.environ | {"KERAS_BACKEND": backend}
    code = BLACK_PATCH.format(jit=jit)
    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
