"""What every network promises: sizes, parameters, a file that Keras alone loads, all formats, and that it learns."""

import importlib
import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import skip_engine
from models.attention import strengthen
from PIL import Image as PillowImage

from dfcan_bmz import losses
from dfcan_bmz.config import SIZES, ModelConfig
from dfcan_bmz.export import FILE_NAMES, export
from dfcan_bmz.extras import missing_extra
from dfcan_bmz.interpolation import bicubic
from dfcan_bmz.models import MODELS, build_model, describe_model
from dfcan_bmz.models.dfcan import channel_weights

LEARNING = [name for name in MODELS if SIZES[name]]


def tiny(name, scale, inputs=1, attention="fourier"):
    sizes = {"filters": 8, "groups": 1, "blocks": 2, "output": "linear", "attention": attention}
    return ModelConfig(name=name, scale=scale, inputs=inputs, **{key: sizes[key] for key in SIZES[name]})


def conv(size, source, target):
    return size**2 * source * target + target


def published(name, scale):
    """Parameters to learn, from the layers that the papers list, for one channel."""
    up = {2: conv(3, 64, 256), 3: conv(3, 64, 576), 4: 2 * conv(3, 64, 256)}[scale]
    attention = conv(1, 64, 4) + conv(1, 4, 64)
    match name:
        case "dfcan":
            block = 3 * conv(3, 64, 64) + attention
            return conv(3, 1, 64) + 16 * block + conv(3, 64, 64 * scale**2) + conv(3, 64, 1)
        case "rcan":
            group = 20 * (2 * conv(3, 64, 64) + attention) + conv(3, 64, 64)
            return conv(3, 1, 64) + 10 * group + conv(3, 64, 64) + up + conv(3, 64, 1)
        case "edsr":
            return conv(3, 1, 64) + 33 * conv(3, 64, 64) + up + conv(3, 64, 1)
        case "wdsr":  # weight normalisation adds a gain to each channel
            block = conv(3, 32, 128) + 128 + conv(3, 128, 32) + 32
            ends = conv(3, 1, 32) + 32 + conv(3, 32, scale**2) + conv(5, 1, scale**2) + 2 * scale**2
            return 16 * block + ends
        case "srcnn":
            return conv(9, 1, 64) + conv(5, 64, 32) + conv(5, 32, 1)
        case "vdsr":
            return conv(3, 1, 64) + 18 * conv(3, 64, 64) + conv(3, 64, 1)
        case "drcn":
            return conv(3, 1, 256) + 3 * conv(3, 256, 256) + conv(3, 256, 1) + 16
        case _:
            return 0


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", MODELS)
def test_parameters_are_those_of_the_paper(name, scale):
    model = build_model(ModelConfig(name=name, scale=scale), np.random.default_rng(0))
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == published(name, scale)


@pytest.mark.parametrize(("filters", "scaling"), [(64, 1), (256, 0.1)])
def test_edsr_scales_the_residuals_of_its_large_network_alone(filters, scaling):
    model = build_model(ModelConfig(name="edsr", filters=filters, blocks=1), np.random.default_rng(0))
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    for layer in convolutions:
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    head, _, residual, body, up, last = convolutions
    head.bias.assign(np.full(filters, 2.0))
    residual.bias.assign(np.full(filters, 1.0))
    for layer in (body, up, last):  # what comes first goes on unchanged
        kernel = np.zeros(layer.kernel.shape)
        kernel[1, 1, 0, :] = 1
        layer.kernel.assign(kernel)
    assert float(model(np.zeros((1, 8, 8, 1), "float32"))[0, 4, 4, 0]) == pytest.approx(2 + 2 + scaling)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", MODELS)
def test_any_even_size_comes_out_s_times_as_large(name, scale):
    model = build_model(tiny(name, scale), np.random.default_rng(0))
    for shape in ((1, 16, 16), (2, 20, 34)):
        output = model(np.zeros((*shape, 1), "float32"))
        assert output.shape == (shape[0], scale * shape[1], scale * shape[2], 1)
        assert keras.backend.standardize_dtype(output.dtype) == "float32"


@pytest.mark.parametrize("name", MODELS)
def test_every_network_takes_any_number_of_frames_and_hears_each_of_them(name):
    model = build_model(tiny(name, 2, inputs=3), np.random.default_rng(0))
    frames = np.random.default_rng(1).uniform(size=(1, 20, 24, 3)).astype("float32")
    output = np.asarray(model(frames))
    assert output.shape == (1, 40, 48, 1)
    for frame in range(3):
        changed = frames.copy()
        changed[..., frame] += 0.5
        assert np.abs(np.asarray(model(changed)) - output).max() > 1e-4


@pytest.mark.parametrize("name", ["bicubic", "lanczos"])
def test_interpolation_of_frames_is_that_of_their_mean(name):
    frames = np.random.default_rng(1).uniform(size=(1, 20, 24, 5)).astype("float32")
    mean = frames.mean(axis=-1, keepdims=True)
    of_frames, of_mean = (build_model(tiny(name, 3, inputs), np.random.default_rng(0)) for inputs in (5, 1))
    np.testing.assert_allclose(of_frames(frames), of_mean(mean), atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_a_seed_gives_the_same_weights_and_another_seed_others(name):
    weights = [build_model(tiny(name, 2), np.random.default_rng(seed)).get_weights() for seed in (0, 0, 1)]
    for a, b in zip(weights[0], weights[1], strict=True):
        np.testing.assert_array_equal(a, b)
    if name in LEARNING:
        assert any((a != b).any() for a, b in zip(weights[0], weights[2], strict=True))


def test_saved_networks_load_in_safe_mode_without_this_package(tmp_path):
    image = np.random.default_rng(0).uniform(size=(1, 16, 20, 1)).astype("float32")
    np.save(tmp_path / "image.npy", image)
    for name in MODELS:
        model = build_model(tiny(name, 2), np.random.default_rng(0))
        model.save(tmp_path / f"{name}.keras")
        np.save(tmp_path / f"{name}.npy", np.asarray(model(image)))
    program = (
        "import sys, keras, numpy as np\n"
        f"for name in {list(MODELS)}:\n"
        "    model = keras.saving.load_model(name + '.keras', safe_mode=True)\n"
        "    np.testing.assert_allclose(model(np.load('image.npy')), np.load(name + '.npy'), atol=1e-5)\n"
        "assert 'dfcan_bmz' not in sys.modules\n"
    )
    answer = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("weight_format", FILE_NAMES)
@pytest.mark.parametrize(
    "config",
    [
        tiny("dfcan", 2, 9),
        tiny("dfcan", 2, attention="mean"),
        tiny("dfcan", 3, attention="none"),
        tiny("rcan", 2),
        tiny("edsr", 4, 2),
        tiny("wdsr", 3),
        tiny("srcnn", 2, 3),
        tiny("vdsr", 4),
        tiny("vdsr", 2, 3),
        tiny("drcn", 3),
        tiny("drcn", 2, 2),
        tiny("bicubic", 2),
        tiny("lanczos", 3, 5),
    ],
    ids=describe_model,
)
def test_every_network_is_written_in_every_format(config, weight_format, tmp_path):
    if extra := missing_extra(weight_format):
        skip_engine(f"{weight_format} needs the extra {extra}: pip install 'dfcan-bmz[{extra}]'")
    model = build_model(config, np.random.default_rng(0))
    model.save(tmp_path / "model.keras")
    if weight_format == "torchscript":  # its writer is a process with a backend of its own
        path = export(weight_format, tmp_path / "model.keras", tmp_path)
    else:
        path = tmp_path / FILE_NAMES[weight_format]
        importlib.import_module(f"dfcan_bmz.export.{weight_format}").write(tmp_path / "model.keras", path)
    network = importlib.import_module(f"dfcan_bmz.engines.{weight_format}").load(path)
    for shape in ((1, 32, 32), (2, 48, 36), (1, 50, 130)):
        image = np.random.default_rng(1).uniform(size=(*shape, config.inputs)).astype("float32")
        expected = np.asarray(model(image))
        assert np.ptp(expected) > 0.05
        np.testing.assert_allclose(network(image), expected, atol=1e-5)


@pytest.mark.parametrize("name", LEARNING)
def test_a_few_steps_of_training_lower_the_loss(name):
    rng = np.random.default_rng(0)
    model = build_model(tiny(name, 2), rng)
    frozen = [weight.numpy() for weight in model.non_trainable_weights]
    x = rng.uniform(size=(4, 16, 16, 1)).astype("float32")
    y = 0.5 * np.stack([bicubic(image[..., 0], 2)[..., None] for image in x]) + 0.2
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss=losses.mse)
    history = model.fit(x, y, epochs=25, batch_size=4, verbose=0).history["loss"]
    assert history[-1] < 0.6 * history[0]
    for before, after in zip(frozen, model.non_trainable_weights, strict=True):
        np.testing.assert_array_equal(before, after.numpy())
    if name == "wdsr":
        kernels = [layer.kernel.numpy() for layer in model.layers if type(layer) is keras.layers.Conv2D]
        for kernel in kernels:
            np.testing.assert_allclose(np.sqrt((kernel**2).sum(axis=(0, 1, 2))), 1, atol=1e-3)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_interpolation_inside_a_network_is_that_outside_except_at_the_border(scale):
    image = np.random.default_rng(0).uniform(size=(20, 30)).astype("float32")
    size = (30 * scale, 20 * scale)
    expected = {
        "bicubic": bicubic(image, scale),
        "lanczos": np.asarray(PillowImage.fromarray(image).resize(size, PillowImage.Resampling.LANCZOS)),
    }
    for name, outside in expected.items():
        inside = np.asarray(build_model(tiny(name, scale), np.random.default_rng(0))(image[None, ..., None]))[0, ..., 0]
        edge = slice(4 * scale, -4 * scale)
        np.testing.assert_allclose(inside[edge, edge], outside[edge, edge], atol=1e-5)


@pytest.mark.parametrize("lacking", [{"groups": 2}, {"attention": "fourier"}])
def test_a_size_that_a_network_lacks_is_refused(lacking):
    with pytest.raises(ValueError, match=f"srcnn has no {next(iter(lacking))}"):
        ModelConfig(name="srcnn", **lacking)


def parameters(**settings):
    model = build_model(ModelConfig(**settings), np.random.default_rng(0))
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def test_attention_to_means_saves_a_convolution_a_block_and_none_saves_all():
    excitation = conv(1, 64, 4) + conv(1, 4, 64)
    published_size = parameters()
    assert parameters(attention="mean") == published_size - 16 * conv(3, 64, 64)
    assert parameters(attention="none") == published_size - 16 * (conv(3, 64, 64) + excitation)


def test_attention_to_means_is_blind_to_all_of_the_spectrum_but_its_zero_frequency():
    y = np.random.default_rng(0).normal(size=(1, 16, 16, 8)).astype("float32")
    shuffled = y.reshape(1, 256, 8)[:, np.random.default_rng(1).permutation(256)].reshape(y.shape)
    image = keras.Input((None, None, 8))
    for attention, blind in {"mean": True, "fourier": False}.items():
        weights = keras.Model(image, channel_weights(image, attention))
        strengthen(weights, np.random.default_rng(2))
        assert (np.abs(weights(y) - weights(shuffled)).max() < 1e-5) == blind
