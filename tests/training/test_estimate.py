"""What a training costs, said before it starts."""

import keras
import numpy as np
import pytest

from dfcan_bmz.config import Config, ModelConfig
from dfcan_bmz.events import Events
from dfcan_bmz.models import build_model
from dfcan_bmz.training import estimate
from dfcan_bmz.training.estimate import announce, operations_and_activations


def test_operations_are_those_of_the_convolutions():
    model = build_model(ModelConfig(name="srcnn", filters=8), np.random.default_rng(0))
    operations, activations = operations_and_activations(model, 10)
    convolutions = 9 * 9 * 8 + 5 * 5 * 8 * 4 + 5 * 5 * 4
    interpolation = 10 * 10 * 25 * 4
    assert operations == 2 * (20 * 20 * convolutions + interpolation)
    assert activations > 20 * 20 * (8 + 4 + 1)


def test_a_step_takes_what_each_backend_was_measured_to_take(monkeypatch):
    """Full-size DFCAN x2, four patches of 128 px, where large matrix products ran at 284e9 operations a second."""
    config = Config.model_validate({"model": {"scale": 2}, "train": {"batch_size": 4}})
    model = build_model(config.model, np.random.default_rng(0))
    monkeypatch.setattr(estimate, "matrix_rate", lambda: 284e9)
    for backend, measured_s in (("torch", 4.06), ("tensorflow", 6.04)):
        monkeypatch.setattr(keras.backend, "backend", lambda backend=backend: backend)
        assert estimate.estimate(model, config).seconds_step == pytest.approx(measured_s, rel=0.15)


class Heard(Events):
    """What was reported."""

    def __init__(self):
        self.lines, self.warnings = [], []

    def tell(self, line):
        self.lines.append(line)

    def warning(self, line):
        self.warnings.append(line)


def test_a_batch_that_memory_does_not_hold_is_warned_of(monkeypatch):
    config = Config.model_validate({"model": {"filters": 8, "groups": 1, "blocks": 1}, "train": {"batch_size": 64}})
    model = build_model(config.model, np.random.default_rng(0))
    heard = Heard()
    announce(model, config, 10, 3, 2, heard)
    assert "for 2 epochs on this processor" in heard.lines[0]
    assert heard.warnings == []
    monkeypatch.setattr(estimate, "memory_bytes", lambda: 1e9)
    announce(model, config, 10, 3, 2, heard)
    assert "this machine has 1.0 GB" in heard.warnings[0]
