"""The same-size companion gives what its network gives, in every format."""

import importlib

import keras
import numpy as np
import pytest
from conftest import skip_engine
from models.attention import strengthen

from dfcan_bmz.config import ModelConfig
from dfcan_bmz.export import FILE_NAMES, export
from dfcan_bmz.extras import missing_extra
from dfcan_bmz.models import build_model
from dfcan_bmz.models.companion import companion


@pytest.fixture(scope="module", params=[2, 3, 4])
def pair(request, tmp_path_factory):
    """A scale, a network whose attention matters, and the file of its companion."""
    rng = np.random.default_rng(request.param)
    model = build_model(ModelConfig(scale=request.param, filters=8, groups=1, blocks=1), rng)
    strengthen(model, rng)
    path = tmp_path_factory.mktemp("companion") / "companion.keras"
    companion(model, request.param).save(path)
    return request.param, model, path


@pytest.mark.parametrize("weight_format", FILE_NAMES)
def test_the_enlarged_image_gives_what_the_image_gives(pair, weight_format, tmp_path):
    if extra := missing_extra(weight_format):
        skip_engine(f"{weight_format} needs the extra {extra}: pip install 'dfcan-bmz[{extra}]'")
    scale, model, path = pair
    engine = importlib.import_module(f"dfcan_bmz.engines.{weight_format}")
    network = engine.load(export(weight_format, path, tmp_path))
    for shape in ((1, 32, 32), (2, 48, 20), (1, 66, 130)):
        lr = np.random.default_rng(0).uniform(size=(*shape, 1)).astype("float32")
        enlarged = lr.repeat(scale, 1).repeat(scale, 2)
        output = network(enlarged)
        assert output.shape == enlarged.shape
        # the outputs of these weights exceed 1, where float32 rounds in proportion
        np.testing.assert_allclose(output, np.asarray(model(lr)), rtol=1e-5, atol=1e-5)


def test_a_companion_loads_without_this_package(pair):
    _, _, path = pair
    modules = {layer.__module__.partition(".")[0] for layer in keras.saving.load_model(path, safe_mode=True).layers}
    assert modules == {"keras"}
