import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import skip_engine
from models.attention import strengthen

from dfcan_bmz.config import ModelConfig
from dfcan_bmz.engines import fastest
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.export.graph import read_graph
from dfcan_bmz.models import build_model
from dfcan_bmz.models.companion import companion
from dfcan_bmz.models.dfcan import spectrum as keras_spectrum

try:
    import torch

    from dfcan_bmz.engines import torch as engine
except ImportError:
    engine = None


@pytest.fixture(autouse=True)
def _needs_torch():
    if engine is None:
        skip_engine("needs the extra torch: pip install 'dfcan-bmz[torch]'")


def strong_model(scale=2, **settings):
    rng = np.random.default_rng(scale)
    model = build_model(ModelConfig(scale=scale, filters=16, groups=2, blocks=1, **settings), rng)
    strengthen(model, rng)
    return model


def loaded(model, folder, precision="float32"):
    model.save(folder / "model.keras")
    return engine.load_graph(read_graph(folder / "model.keras"), precision)


@pytest.mark.parametrize("shape", [(1, 8, 8), (2, 16, 10), (1, 34, 50), (1, 128, 128)])
def test_the_spectrum_is_that_of_numpy_and_of_keras(shape):
    y = np.random.default_rng(0).normal(size=(*shape, 3)).astype(np.float32)
    ours = engine.spectrum(torch.from_numpy(y).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).numpy()
    theirs = np.fft.fftshift(np.abs(np.fft.fft2(y, axes=(1, 2), norm="ortho")), axes=(1, 2)) ** 0.8
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    np.testing.assert_allclose(ours, keras.ops.convert_to_numpy(keras_spectrum(y)), atol=1e-4)


def test_a_dead_channel_has_the_spectrum_that_keras_gives_it():
    y = np.zeros((1, 8, 8, 2), np.float32)
    ours = engine.spectrum(torch.from_numpy(y).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(ours, keras.ops.convert_to_numpy(keras_spectrum(y)), rtol=1e-4)


@pytest.mark.parametrize(
    ("scale", "output", "shape"),
    [
        (2, "sigmoid", (1, 64, 64, 1)),
        (3, "linear", (2, 24, 40, 1)),
        (4, "linear", (1, 36, 32, 1)),
        (2, "linear", (1, 24, 32, 9)),
    ],
)
def test_the_network_equals_keras_where_the_attention_decides(scale, output, shape, tmp_path):
    model = strong_model(scale, output=output, inputs=shape[-1])
    batch = np.random.default_rng(1).uniform(size=shape).astype(np.float32)
    expected = model.predict_on_batch(batch)
    assert expected.std() > 0.01
    np.testing.assert_allclose(loaded(model, tmp_path)(batch), expected, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("name", ["rcan", "edsr", "wdsr", "drcn", "vdsr", "srcnn", "bicubic"])
def test_other_networks_run_as_well_and_so_does_a_companion(name, tmp_path):
    depth = {"rcan": {"groups": 2, "blocks": 2}, "bicubic": {}, "srcnn": {}}.get(name, {"blocks": 3})
    sizes = depth if name == "bicubic" else {"filters": 4, **depth}
    model = companion(build_model(ModelConfig(name=name, **sizes), np.random.default_rng(0)), 2)
    batch = np.random.default_rng(1).uniform(size=(1, 16, 24, 1)).astype(np.float32)
    np.testing.assert_allclose(loaded(model, tmp_path)(batch), model.predict_on_batch(batch), atol=1e-5)


def test_bfloat16_is_close_to_float32_and_not_the_same(tmp_path):
    model = build_model(ModelConfig(filters=16, groups=1, blocks=2), np.random.default_rng(0))
    batch = np.random.default_rng(1).uniform(size=(1, 32, 32, 1)).astype(np.float32)
    exact, coarse = (loaded(model, tmp_path, precision)(batch) for precision in ("float32", "bfloat16"))
    assert 0 < np.abs(exact - coarse).max() < 0.01


@pytest.mark.parametrize(("feature", "accepted"), [("avx512_bf16", True), ("bf16", True), ("avx2", False)])
def test_bfloat16_is_accepted_where_the_processor_has_it_however_busy_it_is(tmp_path, monkeypatch, feature, accepted):
    build_model(ModelConfig(filters=4, groups=1, blocks=1), np.random.default_rng(0)).save(tmp_path / "model.keras")
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {feature: True, "sve_max_length": 0}, raising=False)
    if accepted:
        assert fastest.load(tmp_path / "model.keras", precision="bfloat16") is not None
    else:
        with pytest.raises(DfcanError, match="leave --precision at float32"):
            fastest.load(tmp_path / "model.keras", precision="bfloat16")


def test_keras_is_not_needed(tmp_path):
    strong_model().save(tmp_path / "model.keras")
    program = (
        "import sys; sys.modules['keras'] = None\n"  # an import of it raises
        "from pathlib import Path; import numpy; from dfcan_bmz.engines import fastest\n"
        "print(fastest.load(Path(sys.argv[1]), 'torch')(numpy.zeros((1, 8, 10, 1), 'float32')).shape)\n"
    )
    answer = subprocess.run([sys.executable, "-c", program, tmp_path / "model.keras"], capture_output=True, text=True)
    assert answer.stdout == "(1, 16, 20, 1)\n", answer.stderr


def test_a_network_of_several_channels_is_refused_by_name(tmp_path):
    keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(1, 3)]).save(tmp_path / "colour.keras")
    with pytest.raises(DfcanError, match=r"colour\.keras takes 3 channels"):
        fastest.load(tmp_path / "colour.keras")
