"""Every network, at every scale, as the zoo, deepImageJ and ilastik read it."""

import zipfile

import numpy as np
import pytest

from dfcan_bmz.bundle.card import card
from dfcan_bmz.bundle.deepimagej import lint
from dfcan_bmz.bundle.describe import describe
from dfcan_bmz.bundle.recipe import read_recipe
from dfcan_bmz.bundle.source import output_halo, read_source
from dfcan_bmz.config import Config, ModelConfig
from dfcan_bmz.models import MODELS

WEIGHTS = {"keras_v3": {"keras_version": "3.15.1", "backend": ("tensorflow", "2.21.0")}}


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", MODELS)
def test_every_network_is_described_at_every_scale(tiny_bundle, tiny_run, tiny_recipe, name, scale, tmp_path):
    with zipfile.ZipFile(tiny_bundle) as archive:
        archive.extractall(tmp_path)
    tile = read_recipe(tiny_recipe).tile
    np.save(tmp_path / "test_output.npy", np.ones((1, scale * tile, scale * tile, 1), "float32"))
    config = Config(model=ModelConfig(name=name, scale=scale))
    recipe = read_recipe(tiny_recipe)
    source = read_source(tiny_run, recipe)._replace(config=config, halo=output_halo(recipe, config))
    content = describe(tmp_path, source, WEIGHTS, 1e-6)
    assert lint(content, ["rdf.yaml"]) == []
    text = content["config"]["bioimageio"]["architecture_description"]
    assert text.startswith(f"{name.upper()}, scale {scale}")
    assert "None" not in text
    readme = card(source, None)
    assert MODELS[name].reference in readme
