"""Sections 6 and 7 of the notebook: a recipe that a person has edited is theirs."""

from pathlib import Path

import pytest

from dfcan_bmz import cli
from dfcan_bmz.bundle.package import package
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.events import Events
from dfcan_bmz.notebook import quality, sharing
from dfcan_bmz.notebook.words import spoken
from dfcan_bmz.yaml_files import read_yaml

RECIPE = Path("tiny.yaml")


@pytest.fixture
def packaged(filled_in, tiny_run, monkeypatch):
    """Recipes with which the model was packaged, which is tested elsewhere."""
    filled_in |= {"model_path": str(tiny_run.parent), "model_name": tiny_run.name}
    found = []
    monkeypatch.setattr(cli, "package", lambda run, recipe, out, overwrite: found.append(read_yaml(recipe)))
    return found


def test_a_recipe_follows_the_form_until_somebody_edits_it(packaged, filled_in, capsys):
    sharing.package()
    filled_in["Author"] = "B. Researcher"
    sharing.package()
    RECIPE.write_text(RECIPE.read_text().replace("B. Researcher", "C. Researcher"))
    edited = RECIPE.read_text()
    sharing.package()
    assert [recipe["authors"][0]["name"] for recipe in packaged] == ["A. Researcher", "B. Researcher", "C. Researcher"]
    assert RECIPE.read_text() == edited
    assert "tiny.yaml was edited and is used as it is" in capsys.readouterr().out


def test_a_recipe_is_written_anew_on_request_and_the_edited_one_is_kept(packaged, filled_in):
    RECIPE.write_text("name: mine\n")
    filled_in["Rewrite_recipe"] = True
    sharing.package()
    assert packaged[0]["authors"][0]["name"] == "A. Researcher"
    assert Path("tiny.edited.yaml").read_text() == "name: mine\n"


class _FirstNote(Events):
    def note(self, line):
        raise DfcanError(line)


def test_the_maintainer_that_the_zoo_wants_is_asked_for_before_the_packaging(packaged, filled_in, tiny_run):
    sharing.package()
    with pytest.raises(DfcanError) as note:
        package(tiny_run, RECIPE, "tiny.zip", events=_FirstNote())
    assert "enter your GitHub user name as GitHub_user" in spoken(str(note.value))
    filled_in["GitHub_user"] = "octocat"
    sharing.package()
    assert packaged[1]["maintainers"][0]["github_user"] == "octocat"


@pytest.mark.parametrize(
    ("step", "section"),
    [
        (quality.show_losses, "4.2"),
        (quality.show_error_maps, "4.2"),
        (sharing.show_predictions, "6.1"),
        (sharing.download_predictions, "6.1"),
        (sharing.package, "4.2"),
        (sharing.download_bundle, "4.2"),
        (sharing.record, "4.2"),
    ],
)
def test_a_step_out_of_order_names_the_section_that_comes_first(step, section, filled_in):
    with pytest.raises(DfcanError, match=f"run section {section} first"):
        step()


def test_error_maps_and_a_bundle_want_what_is_written_before_them(packaged, filled_in):
    with pytest.raises(DfcanError, match=r"run section 5\.2 first"):
        quality.show_error_maps()
    with pytest.raises(DfcanError, match=r"run section 7\.1 first"):
        sharing.download_bundle()
