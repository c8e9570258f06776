import io

import pytest
import yaml
from conftest import REPOSITORY, command_line
from hypothesis import given
from hypothesis import strategies as st

from dfcan_bmz.bundle.draft import MODALITIES, Answers, Facts, default_name, draft, nickname, read_facts
from dfcan_bmz.bundle.recipe import Recipe, read_recipe
from dfcan_bmz.commands import recipe_new as command
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.models import MODELS
from dfcan_bmz.yaml_files import read_yaml, validate

ANSWERS = Answers("DFCAN actin x2", "A. Tester", "actin", "fluorescence microscopy", "Simulated.", "MIT")
GIVEN = {"structure": "actin", "author": "A. Tester", "training_data": "Simulated."}


def test_the_draft_holds_what_the_run_has_recorded(tiny_run, tmp_path):
    command.run(tmp_path / "r.yaml", tiny_run, GIVEN, overwrite=False)
    recipe = read_recipe(tmp_path / "r.yaml")
    assert recipe.tile == "auto"
    assert recipe.name == "DFCAN actin x2"
    assert recipe.license == "CC-BY-4.0"
    assert "trained on 6 images" in recipe.description
    assert "62.6 nm" in recipe.documentation
    assert recipe.target_structure == ["actin"]
    assert "fluorescence-light-microscopy" in recipe.tags


def test_the_draft_is_complete_without_a_run(tmp_path):
    answer = command_line(
        *("recipe", "new", tmp_path / "r.yaml", "--structure", "neurons", "--modality", "electron microscopy"),
        *(
            "--author",
            "A. Tester",
            "--training-data",
            "Own.",
            "--github-user",
            "tester",
            "--orcid",
            "0000-0002-1825-0097",
        ),
    )
    assert answer.returncode == 0, answer.stderr
    recipe = read_recipe(tmp_path / "r.yaml")
    assert recipe.maintainers[0].github_user == "tester"
    assert recipe.authors[0].orcid == "0000-0002-1825-0097"
    assert "electron-microscopy" in recipe.tags
    assert recipe.tile == "auto"


@pytest.mark.parametrize("name", list(MODELS))
def test_another_network_is_tagged_and_cited_by_its_own_name(name):
    recipe = validate(
        Recipe, yaml.safe_load(draft(ANSWERS, Facts(name.upper(), name.upper(), MODELS[name].reference))), ""
    )
    assert name in recipe.tags
    assert ("dfcan" in recipe.tags) == (name == "dfcan")
    (citation,) = recipe.cite
    assert MODELS[name].reference.startswith(citation.text)
    assert (citation.doi or str(citation.url)).split("/")[-1] in MODELS[name].reference


def test_in_a_terminal_it_asks_takes_the_defaults_and_asks_again_what_does_not_fit(tmp_path, monkeypatch, capsys):
    typed = io.StringIO("telescope\nelectron microscopy\n\n\n\n\nhere\nhttps://example.org/code\n\n")
    typed.isatty = lambda: True
    monkeypatch.setattr(command.sys, "stdin", typed)
    command.run(tmp_path / "r.yaml", None, GIVEN, overwrite=False)
    recipe = read_recipe(tmp_path / "r.yaml")
    assert (recipe.name, recipe.modality) == ("DFCAN actin x2", "electron microscopy")
    assert recipe.git_repo == "https://example.org/code"
    told = capsys.readouterr().out
    assert told.count("How it was imaged") == told.count("URL of the training's code") == 2
    assert "(may be empty): " in told
    assert typed.read() == ""


@pytest.mark.parametrize("key", GIVEN)
def test_without_a_terminal_what_only_a_person_knows_must_be_given(tmp_path, monkeypatch, key):
    monkeypatch.setattr(command.sys.stdin, "isatty", lambda: False, raising=False)
    given = {name: value for name, value in GIVEN.items() if name != key}
    with pytest.raises(DfcanError, match=f"--{key.replace('_', '-')} is missing"):
        command.run(tmp_path / "r.yaml", None, given, overwrite=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"modality": "telescope"}, "--modality"),
        ({"name": "x"}, "name"),
        ({"orcid": "123"}, "orcid"),
        ({"git_repo": "here"}, "git_repo"),
    ],
)
def test_an_answer_that_a_recipe_cannot_hold_is_refused(tmp_path, monkeypatch, given, named):
    monkeypatch.setattr(command.sys.stdin, "isatty", lambda: False, raising=False)
    with pytest.raises(DfcanError, match=named):
        command.run(tmp_path / "r.yaml", None, GIVEN | given, overwrite=False)


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(DfcanError, match="not a run folder"):
        read_facts(tmp_path)


def test_a_recipe_without_the_maintainer_that_the_zoo_wants_is_told_of(tmp_path, capsys):
    command.run(tmp_path / "r.yaml", None, GIVEN, overwrite=False)
    assert "note: it names no maintainer, whom the zoo wants" in capsys.readouterr().out
    command.run(tmp_path / "with.yaml", None, GIVEN | {"github_user": "tester"}, overwrite=False)
    assert "maintainer" not in capsys.readouterr().out


def test_an_existing_recipe_is_kept(tmp_path):
    (tmp_path / "r.yaml").write_text("mine")
    with pytest.raises(DfcanError, match="exists already"):
        command.run(tmp_path / "r.yaml", None, GIVEN, overwrite=False)


words = st.text(st.characters(blacklist_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=40).filter(
    lambda text: text.strip() == text
)


@given(words, words, words, st.sampled_from(list(MODALITIES)))
def test_people_s_own_words_survive(author, training_data, affiliation, modality):
    answers = ANSWERS._replace(author=author, training_data=training_data, affiliation=affiliation, modality=modality)
    recipe = Recipe.model_validate(yaml.safe_load(draft(answers, Facts())))
    assert (recipe.authors[0].name, recipe.training_data) == (author, training_data)
    assert recipe.authors[0].affiliation == affiliation


@given(words)
def test_a_default_name_and_a_nickname_are_always_valid(structure):
    name = default_name(Facts(), structure)
    fields = {"name": name, "nickname": nickname(name)}
    content = yaml.safe_load(draft(ANSWERS, Facts()))
    assert Recipe.model_validate(content | fields).nickname == nickname(name)


def test_a_drafted_recipe_has_every_key_of_the_template_of_packaging():
    template = read_yaml(REPOSITORY / "packaging/template.yaml")
    assert template.keys() <= yaml.safe_load(draft(ANSWERS, Facts())).keys()
