import pytest
import yaml
from conftest import REPOSITORY
from simulated import assert_simulated_alike, relative_files

from dfcan_bmz.commands import demo, simulate
from dfcan_bmz.files import sha256

EXAMPLE_DATA = REPOSITORY / "example_data"


@pytest.mark.parametrize("name", ["train", "test"])
def test_simulate_reproduces_the_set(name, tmp_path):
    settings = yaml.safe_load((EXAMPLE_DATA / name / "dataset.yaml").read_text())["settings"]
    assert settings.pop("command") == "simulate"
    given = {"haze": settings.pop("haze")}
    simulate.run(tmp_path / name, **settings, settings=given)
    assert_simulated_alike(EXAMPLE_DATA / name, tmp_path / name)


@pytest.mark.parametrize("name", ["train", "test"])
def test_checksums_are_those_of_the_files(name):
    folder = EXAMPLE_DATA / name
    recorded = yaml.safe_load((folder / "dataset.yaml").read_text())["sha256"]
    assert recorded == {key: sha256(file) for key, file in relative_files(folder).items() if key.endswith(".tif")}


def test_the_demo_simulates_these_sets():
    for name, settings in demo.SETS.items():
        recorded = yaml.safe_load((EXAMPLE_DATA / name / "dataset.yaml").read_text())["settings"]
        assert recorded == {"command": "simulate", "haze": 0.0, **settings}
