import pytest
import yaml
from typer.testing import CliRunner

from dfcan_bmz.cli import app
from dfcan_bmz.config import Config
from dfcan_bmz.config_keys import as_file, range_of
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.training.settings import given_keys, resolve
from dfcan_bmz.yaml_files import keys_of


def test_every_key_is_listed_with_its_default_and_a_meaning():
    assert keys_of(Config).keys() == Config().flat().keys()
    assert all(field.description for field in keys_of(Config).values())
    told = CliRunner().invoke(app, ["config"], env={"COLUMNS": "200"}).output
    assert all(key in told for key in keys_of(Config))
    assert "[hflip, vflip, rot90]" in told
    assert "0.0005" in told


def test_the_file_to_edit_sets_only_what_is_edited(tmp_path):
    file = tmp_path / "settings.yaml"
    text = CliRunner().invoke(app, ["config", "--yaml"]).output
    file.write_text(text, encoding="utf-8")
    assert given_keys(file) == set()
    assert resolve({"data": {"target": "input"}}, file, []).data.target == "input"
    file.write_text(text.replace("# epochs: 10 ", "epochs: 20 "), encoding="utf-8")
    assert given_keys(file) == {"train.epochs"}
    assert resolve({}, file, []).train.epochs == 20


def test_a_default_can_be_given_as_it_is_listed():
    listed = yaml.safe_load(as_file().replace("\n  # ", "\n  "))
    assert {f"{at}.{name}": value for at, keys in listed.items() for name, value in keys.items()} == Config().flat()


@pytest.mark.parametrize(
    ("key", "extent", "beyond"), [("train.ema", ">= 0, < 1", "1"), ("model.scale", "2, 3, 4", "5")]
)
def test_ranges_are_those_that_are_refused_beyond(key, extent, beyond):
    assert range_of(keys_of(Config)[key]) == extent
    with pytest.raises(DfcanError, match=key):
        resolve({}, None, [f"{key}={beyond}"])
