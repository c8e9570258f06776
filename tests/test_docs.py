"""What the pages of the documentation tell a reader to type is true."""

import markdown
import pytest
import typer
import yaml
from conftest import REPOSITORY
from pages import NAMES, blocks, commands, parsed

from dfcan_bmz.cli import app
from dfcan_bmz.config import Config
from dfcan_bmz.yaml_files import validate

WIDEST = 75  # columns of code that the site shows beside its navigation


def rendered(name):
    settings = yaml.load((REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8"), yaml.SafeLoader)
    extensions = [next(iter(entry)) if isinstance(entry, dict) else entry for entry in settings["markdown_extensions"]]
    return parsed(markdown.markdown((REPOSITORY / name).read_text(encoding="utf-8"), extensions=extensions))


@pytest.mark.parametrize("name", NAMES)
def test_what_stands_in_a_list_stays_in_it(name):
    """Less than four columns in, it is no longer part of the list: code becomes text, numbers begin anew."""
    page = rendered(name)
    typed = ("dfcan-bmz ", "fiji ", "pip ", "docker ", "```")
    assert [text for text in page.parts["p"] if text.startswith(typed)] == []
    numbered = [line for line in (REPOSITORY / name).read_text(encoding="utf-8").splitlines() if line.startswith("1. ")]
    assert len(page.parts["ol"]) == len(numbered)


@pytest.mark.parametrize("name", ["README.md", *NAMES])
def test_every_command_is_one_that_the_command_line_understands(name):
    group = typer.main.get_command(app)
    for arguments in commands((REPOSITORY / name).read_text(encoding="utf-8")):
        command = group
        while hasattr(command, "commands"):  # `recipe new` is a command in a command
            name, *arguments = arguments
            command = command.commands[name]
        if "..." not in arguments and "--help" not in arguments:
            command.make_context(name, arguments)


@pytest.mark.parametrize("name", ["README.md", *NAMES])
def test_code_can_be_read_without_scrolling_sideways(name):
    lines = [line for block in rendered(name).parts["pre"] for line in block.splitlines()]
    assert [line for line in lines if len(line) > WIDEST] == []


@pytest.mark.parametrize("name", NAMES)
def test_yaml_and_python_blocks_are_valid(name):
    page = REPOSITORY / name
    for block in blocks(page, "yaml"):
        content = yaml.safe_load(block)
        if isinstance(content, dict) and content.keys() <= {"model", "data", "train"}:
            validate(Config, content, name)
    for block in blocks(page, "python"):
        compile(block, name, "exec")


def test_the_tables_of_uncertainty_are_those_of_the_models_evaluations(monkeypatch):
    monkeypatch.syspath_prepend(REPOSITORY / "benchmarks")
    from uncertainty import tables

    coverage, ensembles = tables()
    assert coverage in (REPOSITORY / "docs/evaluation.md").read_text(encoding="utf-8")
    assert ensembles in (REPOSITORY / "docs/prediction.md").read_text(encoding="utf-8")
