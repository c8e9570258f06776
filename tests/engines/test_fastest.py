"""A ``.keras`` file runs in onnxruntime, without Keras; where it cannot, in Keras."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from models.attention import strengthen

from dfcan_bmz.config import ModelConfig
from dfcan_bmz.engines import devices, engine_of, fastest, keras_v3, onnx
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.models import build_model
from dfcan_bmz.models.companion import companion

BATCH = np.random.default_rng(1).uniform(size=(2, 24, 20, 1)).astype(np.float32)


def saved(model, path):
    model.save(path)
    return path


@pytest.fixture(scope="module")
def edsr(tmp_path_factory):
    model = build_model(ModelConfig(name="edsr", filters=4, blocks=1), np.random.default_rng(0))
    return saved(model, tmp_path_factory.mktemp("edsr") / "model.keras")


@pytest.fixture(scope="module")
def pooling(tmp_path_factory):
    """A network with a layer for which there is no word."""
    image = keras.Input((None, None, 1))
    model = keras.Model(image, keras.layers.UpSampling2D(4)(keras.layers.MaxPooling2D(2)(image)))
    return saved(model, tmp_path_factory.mktemp("pooling") / "model.keras")


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("name", ["dfcan", "drcn"])
def test_onnxruntime_computes_what_keras_does(name, wrapped, tmp_path):
    rng = np.random.default_rng(3)
    model = build_model(ModelConfig(name=name, filters=16, blocks=2, **({"groups": 2} if name == "dfcan" else {})), rng)
    if name == "dfcan":
        strengthen(model, rng)
    model = companion(model, 2) if wrapped else model
    network = fastest.load(saved(model, tmp_path / "model.keras"))
    assert engine_of(network) == "onnx"
    np.testing.assert_allclose(network(BATCH), model.predict_on_batch(BATCH), atol=1e-5)


def test_no_framework_is_imported(edsr):
    program = (
        "import sys; [sys.modules.update({name: None}) for name in ('keras', 'tensorflow', 'torch', 'jax')]\n"
        "from pathlib import Path; import numpy; from dfcan_bmz.engines import fastest\n"
        "print(fastest.load(Path(sys.argv[1]))(numpy.zeros((1, 8, 10, 1), 'float32')).shape)\n"
    )
    answer = subprocess.run([sys.executable, "-c", program, edsr], capture_output=True, text=True)
    assert answer.stdout == "(1, 16, 20, 1)\n", answer.stderr


def test_keras_runs_it_on_request(edsr):
    network = fastest.load(edsr, "keras")
    assert engine_of(network) == "keras_v3"
    np.testing.assert_allclose(network(BATCH), fastest.load(edsr)(BATCH), atol=1e-5)


def test_keras_runs_it_where_it_alone_has_a_gpu(edsr, monkeypatch):
    monkeypatch.setattr(onnx, "nvidia_is_here", lambda: True)
    monkeypatch.setattr(devices, "nvidia_is_here", lambda: True)
    monkeypatch.setattr(devices, "devices", lambda: ["gpu:0"])
    assert engine_of(fastest.load(edsr)) == "keras_v3"
    assert devices.tiles_at_once(fastest.load(edsr), 128) > 1
    monkeypatch.setattr(devices, "devices", lambda: ["cpu:0"])
    assert engine_of(fastest.load(edsr)) == "onnx"


def test_a_layer_without_a_translation_runs_in_keras_and_is_named_where_that_is_missing(pooling, monkeypatch):
    network = fastest.load(pooling)
    assert engine_of(network) == "keras_v3"
    np.testing.assert_allclose(network(BATCH), keras_v3.load(pooling)(BATCH), atol=1e-6)
    with pytest.raises(DfcanError, match=r"runs only in Keras \(MaxPooling2D .*leave --engine"):
        fastest.load(pooling, "onnx")
    monkeypatch.setattr(fastest, "missing_extra", lambda what: "torch")
    with pytest.raises(DfcanError, match=r"MaxPooling2D .*pip install 'dfcan-bmz\[torch\]'"):
        fastest.load(pooling)


def test_bfloat16_is_known_to_torch_alone(edsr):
    with pytest.raises(DfcanError, match="--engine onnx does not support --precision bfloat16"):
        fastest.load(edsr, "onnx", "bfloat16")


@pytest.mark.parametrize("content", [b"no zip", b""])
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / "model.keras").write_bytes(content)
    with pytest.raises(DfcanError, match=r"model\.keras cannot be loaded .*: is it complete\?"):
        fastest.load(tmp_path / "model.keras")


def test_a_file_that_was_cut_is_named(edsr, tmp_path):
    data = edsr.read_bytes()
    (tmp_path / "model.keras").write_bytes(data[: len(data) // 2])
    with pytest.raises(DfcanError, match=r"model\.keras cannot be loaded"):
        fastest.load(tmp_path / "model.keras")
