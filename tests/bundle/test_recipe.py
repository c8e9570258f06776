from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from conftest import REPOSITORY, TINY_RECIPE

from dfcan_bmz.bundle.recipe import read_recipe
from dfcan_bmz.errors import DfcanError

OURS = [*(REPOSITORY / "packaging").glob("*.yaml"), Path(str(files("dfcan_bmz.commands") / "demo_files/recipe.yaml"))]


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_our_own_recipes_are_valid(path):
    assert read_recipe(path).name


def test_packaging_holds_no_python():
    assert not list((REPOSITORY / "packaging").rglob("*.py"))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"name": "no"}, "name"),
        ({"tile": 33}, "tile"),
        ({"formats": ["pytorch_state_dict"]}, "formats"),
        ({"formats": ["keras_v3", "keras_v3"]}, "is listed twice"),
        ({"formats": ["onnx"]}, "keras_v3"),
        ({"input": "prepared", "formats": ["keras_v3", "onnx"]}, "torchscript"),
        ({"authors": []}, "authors"),
        ({"authors": [{"name": "A", "orcid": "123"}]}, "written like 0000-0002-1825-0097"),
        ({"nickname": "Tiny Tester"}, "nickname"),
        ({"colour": "red"}, "colour: unknown key"),
        ({"maintainers": [{"name": "M"}]}, "github_user"),
        ({"description": "x" * 513}, "description"),
    ],
)
def test_a_wrong_recipe_is_refused_by_key(tmp_path, changes, named):
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(yaml.safe_load(TINY_RECIPE) | changes))
    with pytest.raises(DfcanError, match=named):
        read_recipe(tmp_path / "recipe.yaml")


def test_an_orcid_may_be_the_address_that_its_page_has(tmp_path):
    author = {"name": "A", "orcid": "https://orcid.org/0000-0002-1825-0097"}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(yaml.safe_load(TINY_RECIPE) | {"authors": [author]}))
    assert read_recipe(tmp_path / "recipe.yaml").authors[0].orcid == "0000-0002-1825-0097"


@pytest.mark.parametrize("key", ["name", "authors", "license", "cite", "tags", "documentation", "training_data"])
def test_a_missing_key_is_named(tmp_path, key):
    content = yaml.safe_load(TINY_RECIPE)
    del content[key]
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(DfcanError, match=key):
        read_recipe(tmp_path / "recipe.yaml")
