from functools import partial

import numpy as np
import pytest
from conftest import skip_engine

from dfcan_bmz.config import ModelConfig
from dfcan_bmz.engines import fastest, keras_v3, onnx
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.export import export, missing_extra
from dfcan_bmz.models import build_model

BATCH = np.random.default_rng(1).uniform(size=(1, 24, 20, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def edsr(tmp_path_factory):
    """An EDSR as ``.keras`` and as ONNX."""
    if extra := missing_extra("onnx"):
        skip_engine(f"onnx needs the extra {extra}: pip install 'dfcan-bmz[{extra}]'")
    folder = tmp_path_factory.mktemp("edsr")
    keras_file = saved("edsr", folder)
    return keras_file, export("onnx", keras_file, folder)


def saved(network, folder):
    build_model(ModelConfig(name=network, filters=4, blocks=1), np.random.default_rng(0)).save(folder / "model.keras")
    return folder / "model.keras"


@pytest.fixture
def ran(monkeypatch):
    """Names of the engines in the order in which they were run."""
    names = []

    def noting(name, load):
        def noted(*arguments):
            network = load(*arguments)
            return lambda batch: names.append(name) or network(batch)

        return noted

    monkeypatch.setattr(onnx, "load", noting("onnx", onnx.load))
    monkeypatch.setattr(keras_v3, "callable_of", noting("keras", keras_v3.callable_of))
    return names


@pytest.mark.parametrize("engine", ["auto", "onnx"])
def test_what_is_no_dfcan_runs_in_onnxruntime_where_there_is_a_file_for_it(edsr, ran, engine):
    keras_file, onnx_file = edsr
    output = fastest.load(keras_file, engine, onnx=partial(onnx.load, onnx_file))(BATCH)
    assert ran[-1] == "onnx"
    np.testing.assert_allclose(output, keras_v3.load(keras_file)(BATCH), atol=1e-5)


def test_keras_runs_it_on_request(edsr, ran):
    keras_file, onnx_file = edsr
    output = fastest.load(keras_file, "keras", onnx=partial(onnx.load, onnx_file))(BATCH)
    assert ran == ["keras"]
    np.testing.assert_allclose(output, keras_v3.load(keras_file)(BATCH), atol=1e-5)


def test_a_file_that_computes_something_else_is_not_used(edsr, ran, tmp_path):
    _, onnx_file = edsr
    other = saved("wdsr", tmp_path)
    output = fastest.load(other, onnx=partial(onnx.load, onnx_file))(BATCH)
    assert ran[-1] == "keras"
    np.testing.assert_allclose(output, keras_v3.load(other)(BATCH), atol=1e-5)
    with pytest.raises(DfcanError, match="needs a bundle with ONNX weights"):
        fastest.load(other, "onnx", onnx=partial(onnx.load, onnx_file))


def test_onnxruntime_needs_its_file_and_float32(edsr):
    keras_file, onnx_file = edsr
    with pytest.raises(DfcanError, match="needs a bundle with ONNX weights"):
        fastest.load(keras_file, "onnx")
    with pytest.raises(DfcanError, match="--precision bfloat16 needs a DFCAN and torch"):
        fastest.load(keras_file, "onnx", "bfloat16", partial(onnx.load, onnx_file))
