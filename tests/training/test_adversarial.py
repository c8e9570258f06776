"""DFGAN: the network and its discriminator, step by step."""

import itertools

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from dfcan_bmz import losses
from dfcan_bmz.config import Config
from dfcan_bmz.models import build_model
from dfcan_bmz.models.discriminator import discriminator
from dfcan_bmz.training import adversarial, checkpoint
from dfcan_bmz.training.estimate import estimate
from dfcan_bmz.training.trainer import trainer_of

SETTINGS = {"model": {"filters": 4, "groups": 1, "blocks": 1}, "data": {"patch_size": 16}}
RIVALS = {"adversarial": 0.5, "discriminator": 2, "generator_steps": 3, "learning_rate": 0.01}
rng = np.random.default_rng(0)
INPUTS, TARGETS = (rng.uniform(size=(4, side, side, 1)).astype("float32") for side in (16, 32))


def learners():
    config = Config.model_validate(SETTINGS | {"train": RIVALS})
    trainer = trainer_of(build_model(config.model, np.random.default_rng(0)), config)
    return [trainer, *adversarial.opponents(trainer, config)]


def values(model):
    return [keras.ops.convert_to_numpy(weight).copy() for weight in model.weights]


def same(ours, theirs):
    return all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_the_discriminator_is_that_of_the_authors():
    model = discriminator(32, np.random.default_rng(0))
    widths = [1, 32, *(width for width in (32, 64, 128, 256, 512) for _ in range(2))]
    convolutions = sum(9 * a * b + b for a, b in itertools.pairwise(widths))
    assert sum(weight.size for weight in values(model)) == convolutions + 512 * 256 + 256 + 256 + 1
    assert model(np.zeros((2, 24, 40, 1))).shape == (2, 1)


def test_the_discriminator_learns_before_every_third_step_and_the_network_hears_of_it():
    trainer, opponent = both = learners()
    changed = []
    for _ in range(7):
        before = values(opponent)
        adversarial.step(both, INPUTS, TARGETS, every=3)
        changed.append(not same(before, values(opponent)))
        assert same(values(trainer.judge), values(opponent))
    assert changed == [True, False, False, True, False, False, True]


def test_the_loss_has_the_opinion_that_the_discriminator_has_now():
    trainer, _ = both = learners()
    for _ in range(4):  # it has learnt since the step was compiled
        adversarial.step(both, INPUTS, TARGETS, every=1)
    predicted = trainer.predict_on_batch(INPUTS)
    trusted = 1 / (1 + np.exp(-keras.ops.convert_to_numpy(trainer.judge(predicted))))
    image = float(np.mean(losses.dfcan(TARGETS, predicted)))
    logs = trainer.train_on_batch(INPUTS, TARGETS, return_dict=True)
    assert logs["image_loss"] == pytest.approx(image, rel=1e-4)
    assert logs["loss"] == pytest.approx(image - 0.5 * np.log(trusted).mean(), rel=1e-4)


def test_a_discriminator_learns_to_tell_images_from_predictions():
    trainer, opponent = learners()
    for _ in range(60):
        adversarial._teach(opponent, trainer, INPUTS, TARGETS)
    real, predicted = (np.asarray(opponent(images)) for images in (TARGETS, trainer.predict_on_batch(INPUTS)))
    assert real.min() > predicted.max()
    assert float(opponent.optimizer.learning_rate) == pytest.approx(0.2 * 0.01)


def test_a_state_brings_both_back_with_their_optimizers(tmp_path):
    both = learners()
    adversarial.step(both, INPUTS, TARGETS, every=1)
    (tmp_path / "state").mkdir()
    checkpoint.save(tmp_path, 1, both, sound=True)
    kept = checkpoint.values(both)
    expected = adversarial.step(both, INPUTS, TARGETS, every=1)
    others = learners()
    assert checkpoint.restore(tmp_path, 1, others)
    assert same(checkpoint.values(others), kept)
    again = adversarial.step(others, INPUTS, TARGETS, every=1)
    assert again == pytest.approx(expected, rel=1e-4)
    for a, b in zip(checkpoint.values(others), checkpoint.values(both), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_what_is_saved_is_the_network_alone_and_the_estimate_counts_both():
    config = Config.model_validate(SETTINGS | {"train": RIVALS})
    alone = Config.model_validate(SETTINGS)
    model = build_model(config.model, np.random.default_rng(0))
    count = len(model.weights)
    trainer_of(model, config)
    assert len(model.weights) == count
    assert estimate(model, config).bytes > estimate(model, alone).bytes


def test_several_devices_are_refused():
    with pytest.raises(ValidationError, match=r"set train\.devices=1"):
        Config.model_validate({"train": {"adversarial": 0.1, "devices": 2}})
