import keras
import numpy as np
import pytest
from conftest import skip_engine
from models.attention import strengthen

from dfcan_bmz.config import ModelConfig
from dfcan_bmz.engines import fastest
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.models import build_model
from dfcan_bmz.models.dfcan import spectrum as keras_spectrum

try:
    import torch

    from dfcan_bmz.engines import torch_dfcan
except ImportError:
    torch_dfcan = None


@pytest.fixture(autouse=True)
def _needs_torch():
    if torch_dfcan is None:
        skip_engine("needs the extra torch: pip install 'dfcan-bmz[torch]'")


def strong_model(scale=2, filters=16, groups=2, blocks=1, **settings):
    rng = np.random.default_rng(scale)
    model = build_model(ModelConfig(scale=scale, filters=filters, groups=groups, blocks=blocks, **settings), rng)
    strengthen(model, rng)
    return model


@pytest.mark.parametrize("shape", [(1, 8, 8), (2, 16, 10), (1, 34, 50), (1, 128, 128)])
def test_the_spectrum_is_that_of_numpy_and_of_keras(shape):
    y = np.random.default_rng(0).normal(size=(*shape, 3)).astype(np.float32)
    ours = torch_dfcan.spectrum(torch.from_numpy(y).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).numpy()
    theirs = np.fft.fftshift(np.abs(np.fft.fft2(y, axes=(1, 2), norm="ortho")), axes=(1, 2)) ** 0.8
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    np.testing.assert_allclose(ours, keras.ops.convert_to_numpy(keras_spectrum(y)), atol=1e-4)


def test_a_dead_channel_has_the_spectrum_that_keras_gives_it():
    y = np.zeros((1, 8, 8, 2), np.float32)
    ours = torch_dfcan.spectrum(torch.from_numpy(y).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(ours, keras.ops.convert_to_numpy(keras_spectrum(y)), rtol=1e-4)


@pytest.mark.parametrize(
    ("scale", "output", "shape"), [(2, "sigmoid", (1, 64, 64)), (3, "linear", (2, 24, 40)), (4, "linear", (1, 36, 32))]
)
def test_the_network_equals_keras_where_the_attention_decides(scale, output, shape):
    model = strong_model(scale, output=output)
    batch = np.random.default_rng(1).uniform(size=(*shape, 1)).astype(np.float32)
    expected = model.predict_on_batch(batch)
    assert expected.std() > 0.01
    np.testing.assert_allclose(torch_dfcan.callable_of(model)(batch), expected, rtol=1e-4, atol=2e-5)


def test_sizes_are_found_in_the_graph():
    model = strong_model(3, 8, 2, 3, output="linear")
    assert torch_dfcan.sizes_of(model) == (3, 8, 2, 3, "linear")


def test_other_networks_are_left_to_keras(tmp_path):
    model = build_model(ModelConfig(name="edsr", filters=4, blocks=1), np.random.default_rng(0))
    assert torch_dfcan.callable_of(model) is None
    model.save(tmp_path / "model.keras")
    batch = np.random.default_rng(1).uniform(size=(1, 8, 8, 1)).astype(np.float32)
    np.testing.assert_allclose(fastest.load(tmp_path / "model.keras")(batch), model.predict_on_batch(batch), atol=1e-5)
    with pytest.raises(DfcanError, match="is no DFCAN"):
        fastest.load(tmp_path / "model.keras", "torch")


def test_a_dfcan_whose_layers_were_changed_is_left_to_keras():
    model = strong_model()
    model.layers[1].activation = keras.activations.relu
    assert torch_dfcan.sizes_of(model) is not None
    assert torch_dfcan.callable_of(model) is None


def test_bfloat16_is_close_to_float32_and_not_the_same():
    model = build_model(ModelConfig(filters=16, groups=1, blocks=2), np.random.default_rng(0))
    batch = np.random.default_rng(1).uniform(size=(1, 32, 32, 1)).astype(np.float32)
    exact, coarse = torch_dfcan.callable_of(model)(batch), torch_dfcan.callable_of(model, "bfloat16")(batch)
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


def test_a_network_of_several_channels_is_refused_by_name(tmp_path):
    keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(1, 3)]).save(tmp_path / "colour.keras")
    with pytest.raises(DfcanError, match=r"colour\.keras takes 3 channels"):
        fastest.load(tmp_path / "colour.keras")
