"""The twin that is trained computes what the network computes that is saved."""

import numpy as np
import pytest

from dfcan_bmz.data.enlarged import Enlarged
from dfcan_bmz.models import build_model
from dfcan_bmz.training.settings import resolve
from dfcan_bmz.training.trainer import copy_weights, patch_side, trainer_of


@pytest.mark.parametrize("settings", [("vdsr", ["model.blocks=3"]), ("drcn", ["model.blocks=2"]), ("srcnn", [])])
def test_for_several_scales_it_takes_enlarged_images_and_gives_its_weights_back(settings):
    name, sizes = settings
    several = ["model.scale=3", "model.filters=3", "data.patch_size=16", "data.other_scales=[x2]"]
    config = resolve({}, None, [f"model.name={name}", *sizes, *several])
    model = build_model(config.model, np.random.default_rng(1))
    trainer = trainer_of(model, config)
    image = np.random.default_rng(0).uniform(size=(16, 20)).astype(np.float32)
    enlarged = Enlarged(image, 3)[0:48, 0:60]

    def outputs():
        return np.asarray(trainer(enlarged[None, ..., None])), np.asarray(model(image[None, ..., None]))

    before = outputs()
    np.testing.assert_allclose(*before, atol=1e-5)
    for weight in trainer.trainable_variables:
        weight.assign(1.1 * weight + 0.01)
    copy_weights(trainer, model)
    after = outputs()
    np.testing.assert_allclose(*after, atol=1e-5)
    assert np.abs(after[1] - before[1]).max() > 0.01
    assert patch_side(config) == 48
