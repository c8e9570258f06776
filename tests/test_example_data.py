from pathlib import Path

import pytest
import yaml
from conftest import REPOSITORY

from dfcan_bmz.commands import demo, simulate
from dfcan_bmz.files import sha256

EXAMPLE_DATA = REPOSITORY / "example_data"


def relative_files(folder: Path) -> dict[str, Path]:
    return {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("name", ["train", "test"])
def test_simulate_reproduces_the_set_bit_by_bit(name, tmp_path):
    settings = yaml.safe_load((EXAMPLE_DATA / name / "dataset.yaml").read_text())["settings"]
    assert settings.pop("command") == "simulate"
    simulate.run(tmp_path / name, **settings, overwrite=False)
    expected, found = relative_files(EXAMPLE_DATA / name), relative_files(tmp_path / name)
    assert found.keys() == expected.keys()
    assert all(found[key].read_bytes() == expected[key].read_bytes() for key in expected)


@pytest.mark.parametrize("name", ["train", "test"])
def test_checksums_are_those_of_the_files(name):
    folder = EXAMPLE_DATA / name
    recorded = yaml.safe_load((folder / "dataset.yaml").read_text())["sha256"]
    assert recorded == {key: sha256(file) for key, file in relative_files(folder).items() if key.endswith(".tif")}


def test_the_demo_simulates_these_sets():
    for name, settings in demo.SETS.items():
        recorded = yaml.safe_load((EXAMPLE_DATA / name / "dataset.yaml").read_text())["settings"]
        assert recorded == {"command": "simulate", **demo.COMMON, **settings}


def test_it_is_smaller_than_five_megabytes():
    assert sum(file.stat().st_size for file in relative_files(EXAMPLE_DATA).values()) < 5e6
