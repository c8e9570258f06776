"""What is read from a ``.keras`` file without Keras is what Keras has in it."""

import keras
import numpy as np
import pytest

from dfcan_bmz.config import ModelConfig
from dfcan_bmz.export.graph import read_graph
from dfcan_bmz.export.spectra import FORMULA, formula
from dfcan_bmz.export.walk import steps_of
from dfcan_bmz.models import MODELS, build_model
from dfcan_bmz.models.companion import companion
from dfcan_bmz.models.dfcan import spectrum


def read(model, folder):
    model.save(folder / "model.keras")
    return read_graph(folder / "model.keras")


@pytest.mark.parametrize("name", MODELS)
def test_every_layer_has_its_own_weights(name, tmp_path):
    sizes = {"groups": 2, "blocks": 2} if name in ("dfcan", "rcan") else {}
    model = build_model(ModelConfig(name=name, scale=3, **sizes), np.random.default_rng(0))
    weights = read(model, tmp_path).weights
    expected = {layer.name: layer.get_weights() for layer in model.layers if layer.weights}
    assert weights.keys() == expected.keys()
    for layer, arrays in expected.items():
        for ours, theirs in zip(weights[layer], arrays, strict=True):
            np.testing.assert_array_equal(ours, theirs, err_msg=layer)


def test_a_network_within_a_network_keeps_its_weights(tmp_path):
    model = build_model(ModelConfig(filters=4, groups=1, blocks=1), np.random.default_rng(0))
    outer = read(companion(model, 2), tmp_path)
    np.testing.assert_array_equal(
        outer.within["dfcan"].weights["output"][0], model.get_layer("output").get_weights()[0]
    )


def test_the_spectrum_is_known_by_the_fingerprint_that_this_keras_gives_it(tmp_path):
    image = keras.Input((None, None, 3))
    graph = read(keras.Model(image, spectrum(image)), tmp_path)
    assert formula(graph.last, graph.first, {step.key[:2]: step for step in graph.steps}) == FORMULA
    assert [step.kind for step in steps_of(graph)] == ["Spectrum"]


@pytest.mark.parametrize("change", ["exponent", "half", "order"])
def test_what_differs_from_the_spectrum_is_not_taken_for_it(change, tmp_path):
    image = keras.Input((None, None, 3))
    x = spectrum(image)
    match change:
        case "exponent":
            graph = read(keras.Model(image, x), tmp_path)
            for step in graph.steps:
                if step.kind == "Power":
                    step.arguments[1] = 0.5
        case "half":
            graph = read(keras.Model(image, x), tmp_path)
            swapped = next(step for step in graph.steps if step.kind == "Subtract")
            swapped.arguments.reverse()
        case "order":
            graph = read(keras.Model(image, keras.ops.transpose(x, (0, 2, 1, 3))), tmp_path)
            assert "Spectrum" in [step.kind for step in steps_of(graph)]
            return
    assert "Spectrum" not in [step.kind for step in steps_of(graph)]


def test_a_network_of_two_inputs_is_refused(tmp_path):
    images = [keras.Input((None, None, 1)), keras.Input((None, None, 1))]
    with pytest.raises(NotImplementedError, match="2 inputs"):
        read(keras.Model(images, keras.layers.Add()(images)), tmp_path)


def test_a_sequential_network_is_refused(tmp_path):
    model = keras.Sequential([keras.Input((None, None, 1)), keras.layers.Conv2D(1, 3)])
    with pytest.raises(NotImplementedError, match="Sequential"):
        read(model, tmp_path)
