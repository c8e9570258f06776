"""The weights and the bundle in the engines that Fiji and ilastik carry: `make test-engines` sets these up."""

import json
import os
import subprocess
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import skip_engine
from long.old_engines.environments import ENVIRONMENTS, interpreter, is_ready
from models.attention import strengthen

from dfcan_bmz.config import SIZES, ModelConfig
from dfcan_bmz.export import FILE_NAMES, export
from dfcan_bmz.models import build_model
from dfcan_bmz.normalize import scaling_of

HERE = Path(__file__).parent
ENGINES = [name for name in ENVIRONMENTS if not name.startswith("ilastik")]


def python_of(name):
    if not is_ready(name):
        skip_engine(f"{name} is not set up: make test-engines (it needs Python {ENVIRONMENTS[name].python})")
    return interpreter(name)


def run_old(name, weights, batch, folder):
    np.save(folder / "input.npy", batch)
    script = [HERE / "run_weights.py", ENVIRONMENTS[name].weight_format, weights, "input.npy", "output.npy"]
    answer = subprocess.run(
        [python_of(name), *map(str, script)], cwd=folder, capture_output=True, text=True, env=without_python_path()
    )
    assert answer.returncode == 0, answer.stderr
    return np.load(folder / "output.npy")


def without_python_path():
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A model whose attention matters, and its weights in each format."""
    folder = tmp_path_factory.mktemp("exported")
    rng = np.random.default_rng(7)
    model = build_model(ModelConfig(filters=16, groups=2, blocks=1), rng)
    strengthen(model, rng)
    model.save(folder / "model.keras")
    for weight_format in {ENVIRONMENTS[name].weight_format for name in ENGINES}:
        export(weight_format, folder / "model.keras", folder)
    return folder


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("shape", [(1, 64, 64, 1), (2, 96, 130, 1)])
def test_an_old_engine_computes_what_keras_computes(exported, name, shape, tmp_path):
    batch = np.random.default_rng(0).uniform(size=shape).astype("float32")
    expected = np.asarray(keras.saving.load_model(exported / "model.keras")(batch))
    assert np.ptp(expected) > 0.05
    output = run_old(name, exported / FILE_NAMES[ENVIRONMENTS[name].weight_format], batch, tmp_path)
    np.testing.assert_allclose(output, expected, atol=1e-5)


@pytest.mark.parametrize("network", ["rcan", "edsr", "wdsr", "srcnn", "vdsr", "drcn"])
@pytest.mark.parametrize("name", ["torch-1.13.1", "torch-2.0.0"])
def test_torchscript_of_every_network_runs_in_old_versions_of_torch(name, network, tmp_path):
    sizes = {"filters": 8, "groups": 1, "blocks": 2, "output": "linear"}
    config = ModelConfig(name=network, scale=3, **{key: sizes[key] for key in SIZES[network]})
    model = build_model(config, np.random.default_rng(1))
    model.save(tmp_path / "model.keras")
    batch = np.random.default_rng(0).uniform(size=(2, 32, 50, 1)).astype("float32")
    output = run_old(name, export("torchscript", tmp_path / "model.keras", tmp_path), batch, tmp_path)
    np.testing.assert_allclose(output, np.asarray(model(batch)), atol=5e-6)


@pytest.mark.parametrize("name", [name for name in ENGINES if not name.startswith("tensorflow")])
def test_an_old_engine_reproduces_the_test_tensor_of_a_bundle(tiny_bundle, name, tmp_path):
    with zipfile.ZipFile(tiny_bundle) as archive:
        archive.extractall(tmp_path)
    raw, expected = np.load(tmp_path / "test_input.npy"), np.load(tmp_path / "test_output.npy")
    unit = scaling_of(raw[0]).apply(raw)
    output = run_old(name, tmp_path / FILE_NAMES[ENVIRONMENTS[name].weight_format], unit, tmp_path)
    np.testing.assert_allclose(np.clip(output, 0, 1), expected, atol=1e-5)


@pytest.mark.parametrize("bundle", ["tiny_bundle", "companion_bundle"])
def test_the_loader_of_ilastik_loads_and_tests_a_bundle(request, bundle, tmp_path):
    file = request.getfixturevalue(bundle)
    command = [python_of("ilastik-1.4.2"), HERE / "load_bundle.py", file, "torchscript"]
    answer = subprocess.run(
        list(map(str, command)), cwd=tmp_path, capture_output=True, text=True, env=without_python_path()
    )
    assert answer.returncode == 0, answer.stderr
    report = json.loads(answer.stdout.splitlines()[-1])
    assert (report["spec"], report["core"]) == ("0.5.9.1", "0.10.2")
    assert {status for _, status, _ in report["details"]} == {"passed"}
    assert any("Reproduce test outputs" in name for name, _, _ in report["details"])
