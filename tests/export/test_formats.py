"""Every weight format equals Keras, in its own engine, at many sizes, on weights whose attention matters."""

import importlib

import keras
import numpy as np
import pytest
from models.attention import strengthen

from dfcan_bmz.config import ModelConfig
from dfcan_bmz.errors import UnfinishedError
from dfcan_bmz.export import FILE_NAMES, export
from dfcan_bmz.models import build_model

SHAPES = [(1, 64, 64), (2, 64, 64), (1, 96, 128), (2, 50, 36), (1, 128, 128), (1, 200, 200), (1, 250, 18)]


@pytest.fixture(scope="module", params=[2, 3, 4])
def model_file(request, tmp_path_factory):
    rng = np.random.default_rng(request.param)
    model = build_model(ModelConfig(scale=request.param, filters=16, groups=2, blocks=1), rng)
    strengthen(model, rng)
    path = tmp_path_factory.mktemp("model") / "model.keras"
    model.save(path)
    return path


@pytest.mark.parametrize("weight_format", FILE_NAMES)
def test_a_format_equals_keras_at_every_size(weight_format, model_file, tmp_path):
    network = importlib.import_module(f"dfcan_bmz.engines.{weight_format}").load(
        export(weight_format, model_file, tmp_path)
    )
    reference = keras.saving.load_model(model_file)
    for shape in SHAPES:
        x = np.random.default_rng(0).uniform(0, 1, (*shape, 1)).astype("float32")
        expected = np.asarray(reference(x))
        assert np.ptp(expected) > 0.05
        np.testing.assert_allclose(network(x), expected, atol=1e-5, err_msg=str(shape))


@pytest.mark.parametrize("weight_format", FILE_NAMES)
def test_two_exports_are_equal_byte_by_byte(weight_format, model_file, tmp_path):
    paths = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        paths.append(export(weight_format, model_file, tmp_path / name))
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_writer_that_fails_is_reported(tmp_path):
    (tmp_path / "model.keras").write_text("no model")
    with pytest.raises(UnfinishedError, match="tensorflow_saved_model_bundle could not be written"):
        export("tensorflow_saved_model_bundle", tmp_path / "model.keras", tmp_path)
