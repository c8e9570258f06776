"""Weights of the same network, or of its sibling at another scale."""

import numpy as np
import pytest

from dfcan_bmz.config import ModelConfig
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.models import build_model
from dfcan_bmz.training.starting_weights import start_from


def network(name, scale, seed, **sizes):
    return build_model(ModelConfig(name=name, scale=scale, filters=4, **sizes), np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("name", "sizes", "source", "target", "afresh"),
    [
        ("dfcan", {"groups": 1, "blocks": 2}, 2, 3, 36 * (9 * 4 + 1)),
        ("edsr", {"blocks": 2}, 2, 4, 16 * (9 * 4 + 1)),
        ("edsr", {"blocks": 2}, 4, 2, 0),
        ("vdsr", {"blocks": 3}, 4, 3, 0),
    ],
)
def test_at_another_scale_all_but_the_enlargement_is_taken_over(name, sizes, source, target, afresh):
    old, new = network(name, source, 0, **sizes), network(name, target, 1, **sizes)
    fresh = start_from(new, old, "RUN")
    theirs = [weight.numpy() for weight in old.trainable_weights if weight.numpy().any()]  # biases begin as zeros
    taken = [
        any(np.array_equal(weight.numpy(), value) for value in theirs)
        for weight in new.trainable_weights
        if weight.numpy().any()
    ]
    assert taken.count(False) <= (0 if name == "vdsr" else 1), "the convolution before the pixel shuffle"
    first, last = new.trainable_weights[0], new.get_layer("output").kernel
    np.testing.assert_array_equal(first.numpy(), old.trainable_weights[0].numpy())
    np.testing.assert_array_equal(last.numpy(), old.get_layer("output").kernel.numpy())
    assert fresh == afresh


@pytest.mark.parametrize("other", [{"groups": 1, "blocks": 3}, {"groups": 2, "blocks": 2}])
def test_another_depth_is_refused(other):
    with pytest.raises(DfcanError, match="another network"):
        start_from(network("dfcan", 2, 0, groups=1, blocks=2), network("dfcan", 2, 0, **other), "RUN")


def test_another_network_is_refused():
    with pytest.raises(DfcanError, match="another network"):
        start_from(network("vdsr", 2, 0, blocks=3), network("drcn", 2, 0, blocks=3), "RUN")
