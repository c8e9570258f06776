"""What PyTorch computes and learns by the walk is what Keras computes and learns."""

import keras
import numpy as np
import pytest
from conftest import skip_engine
from models.attention import strengthen

from dfcan_bmz.config import ModelConfig
from dfcan_bmz.models import build_model

try:
    import torch

    from dfcan_bmz.training.on_torch import walking
except ImportError:
    torch = None

STEPS, RATE = 100, 0.05


@pytest.fixture(autouse=True)
def _needs_torch():
    if torch is None:
        skip_engine("needs the extra torch: pip install 'dfcan-bmz[torch]'")


class Twin:
    """A network with its weights as tensors, as Keras on PyTorch has them."""

    def __init__(self, network):
        self.network = network
        self.tensors = {id(variable): torch.tensor(np.array(variable)) for variable in network.weights}
        for variable in network.trainable_variables:
            self.tensors[id(variable)].requires_grad_()
        self.learnt = [self.tensors[id(variable)] for variable in network.trainable_variables]

    def get_layer(self, name):
        return self.of(self.network.get_layer(name))

    def of(self, layer):
        weights = [Value(self.tensors[id(variable)]) for variable in layer.weights]
        return Layer(weights, lambda name: self.of(layer.get_layer(name)))

    def save(self, path):
        self.network.save(path)


class Value:
    def __init__(self, value):
        self.value = value


class Layer:
    def __init__(self, weights, get_layer):
        self.weights, self.get_layer = weights, get_layer


def pair(scale=2):
    rng = np.random.default_rng(0)
    shapes = (2, 12, 16, 1), (2, 12 * scale, 16 * scale, 1)
    return tuple(rng.uniform(size=shape).astype(np.float32) for shape in shapes)


def gradients(model, x, y):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = keras.ops.mean(keras.ops.square(model(x) - y))
    return [np.array(one) for one in tape.gradient(loss, model.trainable_variables)]


def gradients_by_torch(twin, walk, x, y):
    loss = torch.nn.functional.mse_loss(walk(torch.tensor(x)), torch.tensor(y))
    return torch.autograd.grad(loss, twin.learnt)


def flat(weights):
    return np.concatenate([np.array(one).ravel() for one in weights])


NETWORKS = [
    {"name": "dfcan", "filters": 8, "groups": 1, "blocks": 2},
    {"name": "dfcan", "filters": 8, "groups": 1, "blocks": 1, "scale": 3, "output": "sigmoid"},
    {"name": "rcan", "filters": 8, "groups": 1, "blocks": 2},
    {"name": "wdsr", "filters": 4, "blocks": 2},
    {"name": "drcn", "filters": 4, "blocks": 2},
]


@pytest.mark.parametrize("sizes", NETWORKS, ids=lambda sizes: f"{sizes['name']}-{sizes.get('scale', 2)}")
def test_gradients_are_those_of_keras(sizes):
    model = build_model(ModelConfig(**sizes), np.random.default_rng(0))
    if sizes["name"] == "dfcan":
        strengthen(model, np.random.default_rng(1))
    twin = Twin(model)
    x, y = pair(sizes.get("scale", 2))
    expected, found = gradients(model, x, y), gradients_by_torch(twin, walking(twin, bfloat16=False), x, y)
    largest = max(np.abs(one).max() for one in expected)
    for theirs, ours in zip(expected, found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5 * largest)


def test_a_hundred_steps_lead_to_the_weights_of_keras():
    """A plain descent, so that nothing hides a gradient's size: within a thousandth of the way that was gone."""
    model = build_model(ModelConfig(filters=4, groups=1, blocks=1), np.random.default_rng(0))
    twin = Twin(model)
    walk, (x, y) = walking(twin, bfloat16=False), pair()
    begin = [np.array(variable) for variable in model.trainable_variables]
    for _ in range(STEPS):
        for variable, gradient in zip(model.trainable_variables, gradients(model, x, y), strict=True):
            variable.assign_sub(RATE * gradient)
        slopes = gradients_by_torch(twin, walk, x, y)
        with torch.no_grad():
            for weight, slope in zip(twin.learnt, slopes, strict=True):
                weight -= RATE * slope
    keras_has, torch_has = map(flat, (model.trainable_variables, [one.detach() for one in twin.learnt]))
    gone = np.linalg.norm(keras_has - flat(begin))
    assert gone > 0.1
    assert np.linalg.norm(torch_has - keras_has) < 1e-3 * gone


def test_a_black_patch_has_finite_gradients():
    twin = Twin(build_model(ModelConfig(filters=4, groups=1, blocks=1), np.random.default_rng(0)))
    x, y = np.zeros((1, 8, 8, 1), np.float32), np.ones((1, 16, 16, 1), np.float32)
    assert all(torch.isfinite(one).all() for one in gradients_by_torch(twin, walking(twin, bfloat16=False), x, y))


def test_bfloat16_has_gradients_near_those_of_float32():
    model = build_model(ModelConfig(filters=16, groups=1, blocks=1), np.random.default_rng(0))
    twin, data = Twin(model), pair()
    exact, coarse = (
        torch.cat([one.flatten() for one in gradients_by_torch(twin, walking(twin, bfloat16), *data)])
        for bfloat16 in (False, True)
    )
    assert 0 < torch.linalg.norm(exact - coarse) < 0.05 * torch.linalg.norm(exact)
