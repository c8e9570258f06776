from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import REPOSITORY

from dfcan_bmz import images
from dfcan_bmz.commands import demo, simulate
from dfcan_bmz.files import sha256

EXAMPLE_DATA = REPOSITORY / "example_data"


def relative_files(folder: Path) -> dict[str, Path]:
    return {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("name", ["train", "test"])
def test_simulate_reproduces_the_set(name, tmp_path):
    before, now = EXAMPLE_DATA / name, tmp_path / name
    description = yaml.safe_load((before / "dataset.yaml").read_text())
    settings = dict(description["settings"])
    assert settings.pop("command") == "simulate"
    simulate.run(now, **settings, overwrite=False)
    expected, found = relative_files(before), relative_files(now)
    assert found.keys() == expected.keys()
    assert (now / "manifest.csv").read_text() == (before / "manifest.csv").read_text()
    again = yaml.safe_load((now / "dataset.yaml").read_text())
    assert again | {"sha256": None} == description | {"sha256": None}
    for key in (key for key in expected if key.endswith(".tif")):
        image, same = images.read(expected[key]), images.read(found[key])
        assert same.pixel_size_nm == image.pixel_size_nm
        # a processor that rounds otherwise may move a grey level of the target, or once in a while a photon
        difference = np.abs(same.pixels.astype(int) - image.pixels)
        assert np.count_nonzero(difference) < 1e-3 * difference.size
        assert difference.max() <= 1 or key.startswith("lr/")


@pytest.mark.parametrize("name", ["train", "test"])
def test_checksums_are_those_of_the_files(name):
    folder = EXAMPLE_DATA / name
    recorded = yaml.safe_load((folder / "dataset.yaml").read_text())["sha256"]
    assert recorded == {key: sha256(file) for key, file in relative_files(folder).items() if key.endswith(".tif")}


def test_the_demo_simulates_these_sets():
    for name, settings in demo.SETS.items():
        recorded = yaml.safe_load((EXAMPLE_DATA / name / "dataset.yaml").read_text())["settings"]
        assert recorded == {"command": "simulate", **demo.COMMON, **settings}
