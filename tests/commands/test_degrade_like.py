"""High-resolution images without partners, and low-resolution images without partners."""

import numpy as np
import pytest
import yaml

from dfcan_bmz import images
from dfcan_bmz.commands import degrade
from dfcan_bmz.degradation import PRESETS, Degradation
from dfcan_bmz.degradation import degrade as degraded
from dfcan_bmz.simulation import regression
from dfcan_bmz.simulation.fields import simulate_field


@pytest.fixture
def folders(tmp_path):
    """HR images of one set of cells, LR images of another, degraded by a blur and light that are to be found."""
    truth = Degradation(blur=2.5, photons=150.0, noise=0.01, background=0.2)
    for index in range(4):
        hr, _ = simulate_field("er", 64, 2, 1, 0.0, np.random.default_rng([3, index]))
        folder = tmp_path / ("hr" if index < 2 else "mine")
        folder.mkdir(exist_ok=True)
        lr = degraded(hr, 2, truth, np.random.default_rng(index))
        images.write(folder / f"{index}.tif", hr if index < 2 else lr)
    return tmp_path


@pytest.fixture
def short_fit(monkeypatch):
    monkeypatch.setattr(regression, "DRAWS", 20)
    monkeypatch.setattr(regression, "WIDTHS", (0.25, 0.2))


def test_degrade_like_finds_blur_and_light(folders, short_fit, capsys):
    degrade.run(folders / "hr", folders / "out", 2, "fluorescence", [folders / "mine"])
    record = yaml.safe_load((folders / "out" / "dataset.yaml").read_text())["settings"]
    assert record["from"]["photons"] == "measured"
    assert record["from"]["blur"] == "fitted"
    assert record["photons"] == pytest.approx(150, rel=0.5)
    assert abs(record["blur"] - 2.5) < abs(PRESETS["fluorescence"].blur - 2.5)
    assert len(list((folders / "out" / "lr").glob("*.tif"))) == 2
    assert "difference" in capsys.readouterr().out


def test_what_is_given_is_not_fitted(folders, short_fit):
    degrade.run(folders / "hr", folders / "out", 2, "fluorescence", [folders / "mine"], settings={"blur": 3.25})
    record = yaml.safe_load((folders / "out" / "dataset.yaml").read_text())["settings"]
    assert record["blur"] == 3.25
    assert record["from"]["blur"] == "given"
