"""Every weight format equals Keras, in its own engine, at many sizes, on weights whose attention matters."""

import importlib

import keras
import numpy as np
import pytest
from conftest import skip_engine
from models.attention import strengthen

from dfcan_bmz.config import ModelConfig
from dfcan_bmz.errors import UnfinishedError
from dfcan_bmz.export import FILE_NAMES, OPSETS, export
from dfcan_bmz.extras import missing_extra
from dfcan_bmz.models import build_model

SHAPES = [(1, 64, 64), (2, 36, 96), (1, 128, 50), (1, 502, 36)]


@pytest.fixture(scope="module")
def model_files(tmp_path_factory):
    """A model of each scale."""
    folder = tmp_path_factory.mktemp("models")
    for scale in (2, 3, 4):
        rng = np.random.default_rng(scale)
        model = build_model(ModelConfig(scale=scale, filters=16, groups=2, blocks=1), rng)
        strengthen(model, rng)
        model.save(folder / f"x{scale}.keras")
    return folder


@pytest.fixture(scope="module")
def model_file(model_files):
    return model_files / "x2.keras"


@pytest.fixture(params=FILE_NAMES)
def weight_format(request):
    if extra := missing_extra(request.param):
        skip_engine(f"{request.param} needs the extra {extra}: pip install 'dfcan-bmz[{extra}]'")
    return request.param


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_format_equals_keras_at_every_size(weight_format, model_files, scale, tmp_path):
    model_file = model_files / f"x{scale}.keras"
    network = importlib.import_module(f"dfcan_bmz.engines.{weight_format}").load(
        export(weight_format, model_file, tmp_path)
    )
    reference = keras.saving.load_model(model_file)
    for shape in SHAPES:
        x = np.random.default_rng(0).uniform(0, 1, (*shape, 1)).astype("float32")
        expected = np.asarray(reference(x))
        assert np.ptp(expected) > 0.05
        np.testing.assert_allclose(network(x), expected, atol=1e-5, err_msg=str(shape))


def test_two_exports_are_equal_byte_by_byte(weight_format, model_file, tmp_path):
    paths = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        paths.append(export(weight_format, model_file, tmp_path / name))
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_writer_that_fails_is_reported(tmp_path):
    (tmp_path / "model.keras").write_text("no model")
    with pytest.raises(UnfinishedError, match=r"tensorflow_saved_model_bundle could not be written \(\w+Error: "):
        export("tensorflow_saved_model_bundle", tmp_path / "model.keras", tmp_path)


def test_a_saved_model_is_written_whatever_keras_runs_on_elsewhere(model_file, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setenv("KERAS_TORCH_DEVICE", "meta")  # on which nothing can be computed
    path = export("tensorflow_saved_model_bundle", model_file, tmp_path)
    x = np.random.default_rng(0).uniform(0, 1, (1, 16, 16, 1)).astype("float32")
    network = importlib.import_module("dfcan_bmz.engines.tensorflow_saved_model_bundle").load(path)
    np.testing.assert_allclose(network(x), np.asarray(keras.saving.load_model(model_file)(x)), atol=1e-5)


@pytest.mark.parametrize("opset", OPSETS)
def test_onnx_is_written_in_every_opset_that_fiji_knows(model_file, opset, tmp_path):
    if missing_extra("onnx"):
        skip_engine("onnx is not installed: pip install 'dfcan-bmz[onnx]'")
    path = export("onnx", model_file, tmp_path, opset=opset)
    model = importlib.import_module("onnx").load(path)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", opset)]
    assert model.ir_version <= 8, "onnxruntime 1.9, the oldest in Fiji that runs one of them, reads 8 at most"
    x = np.random.default_rng(0).uniform(0, 1, (1, 36, 16, 1)).astype("float32")
    network = importlib.import_module("dfcan_bmz.engines.onnx").load(path)
    np.testing.assert_allclose(network(x), np.asarray(keras.saving.load_model(model_file)(x)), atol=1e-5)
