"""TorchScript written by hand: what stands in the archive, and that torch reads it as it reads its own."""

import hashlib
import io
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest
from conftest import skip_engine
from models.attention import strengthen

from dfcan_bmz.config import ModelConfig
from dfcan_bmz.export import torchscript
from dfcan_bmz.export.torchscript_archive import write_archive
from dfcan_bmz.extras import missing_extra
from dfcan_bmz.models import build_model
from dfcan_bmz.models.dfcan import spectrum


@pytest.fixture(scope="module")
def torch():
    if missing_extra("torchscript"):
        skip_engine("torch is not installed: pip install 'dfcan-bmz[torch]'")
    return pytest.importorskip("torch")


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    rng = np.random.default_rng(5)
    model = build_model(ModelConfig(filters=8, groups=1, blocks=2), rng)
    strengthen(model, rng)
    path = tmp_path_factory.mktemp("model") / "model.keras"
    model.save(path)
    return path


@pytest.fixture(scope="module")
def archive(model_file):
    path = model_file.parent / "weights.pt"
    torchscript.write(model_file, path)
    return path


def code_of(path):
    with zipfile.ZipFile(path) as archive:
        return archive.read("network/code/__torch__.py").decode()


def test_every_entry_is_stored_at_a_boundary_of_64_bytes(archive):
    data = archive.read_bytes()
    with zipfile.ZipFile(archive) as file:
        for entry in file.infolist():
            assert entry.compress_type == zipfile.ZIP_STORED
            name, extra = (int.from_bytes(data[entry.header_offset + at :][:2], "little") for at in (26, 28))
            assert (entry.header_offset + 30 + name + extra) % 64 == 0


def test_the_bytes_are_those_of_any_machine(tmp_path):
    weights = {"kernel": np.arange(6, dtype=">f8").reshape(2, 3), "bias": np.ones(2)}
    write_archive(tmp_path / "a.pt", "class Network(Module):\n", weights)
    digest = hashlib.sha256((tmp_path / "a.pt").read_bytes()).hexdigest()
    assert digest == "97ad1bba896354859b1b113ee8141538672abc95ec1ddf7af6d35ecbf77146e8"


def test_nothing_of_torch_is_needed_to_write(model_file, archive, tmp_path):
    program = (
        "import sys; sys.modules['torch'] = None\n"  # an import of it raises
        "from pathlib import Path; from dfcan_bmz.export import torchscript\n"
        "torchscript.write(Path(sys.argv[1]), Path('w.pt'))\n"
    )
    answer = subprocess.run([sys.executable, "-c", program, model_file], cwd=tmp_path, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "w.pt").read_bytes() == archive.read_bytes()


def test_the_network_is_one_line_for_each_layer(archive):
    forward = code_of(archive).split("def forward")[1].split("def spectrum")[0]
    lines = [line.strip() for line in forward.splitlines() if " = " in line]
    operations = [line.split(" = ")[1].split("(")[0] for line in lines]
    # 1 + 2 x 5 + 2 convolutions; GELU after the first, two in each block, and after the enlarging one
    assert operations.count("torch.conv2d") == 13
    assert operations.count("torch.gelu") == 6
    assert operations.count("self.spectrum") == 2
    assert operations.count("torch.pixel_shuffle") == 1
    assert len(operations) == 13 + 6 + 2 + 1 + 2 * (2 + 1 + 1 + 2) + 1 + 2, "and 2 transpositions"


@pytest.mark.parametrize("size", [(16, 16), (6, 22), (50, 18)])
def test_the_spectrum_is_that_of_numpy(torch, archive, size):
    y = np.random.default_rng(0).normal(size=(2, 3, *size)).astype("float32")
    y[0, 0] = 0  # a dead channel
    magnitude = np.abs(np.fft.fftshift(np.fft.fft2(y.astype(float), norm="ortho"), axes=(-2, -1)))
    ours = torch.jit.load(archive).spectrum(torch.from_numpy(y)).numpy()
    np.testing.assert_allclose(ours, np.maximum(magnitude, 1e-8) ** 0.8, atol=5e-6)
    in_keras = np.asarray(spectrum(keras.ops.convert_to_tensor(y.transpose(0, 2, 3, 1)))).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(ours, in_keras, atol=5e-6)


def test_torch_saves_what_it_has_read_with_equal_weights(torch, archive):
    module = torch.jit.load(archive)
    buffer = io.BytesIO()
    torch.jit.save(module, buffer)
    buffer.seek(0)
    again = torch.jit.load(buffer)
    x = torch.rand(1, 16, 20, 1)
    with torch.no_grad():
        np.testing.assert_array_equal(module(x).numpy(), again(x).numpy())


def test_a_layer_without_a_translation_is_named(tmp_path):
    image = keras.Input((None, None, 1))
    keras.Model(image, keras.layers.MaxPooling2D(2)(image)).save(tmp_path / "m.keras")
    with pytest.raises(NotImplementedError, match="MaxPooling2D"):
        torchscript.write(tmp_path / "m.keras", tmp_path / "w.pt")
