"""The documentation: the site builds without a warning, and what its pages tell a reader to type is true."""

import os
import re
import shlex
import subprocess
import sys
import textwrap

import pytest
import typer
import yaml
from conftest import REPOSITORY
from typer.testing import CliRunner

from dfcan_bmz import config
from dfcan_bmz.cli import app

PAGES = sorted(REPOSITORY.glob("docs/**/*.md"))
NAMES = [str(page.relative_to(REPOSITORY)) for page in PAGES]
# their ```bash blocks run as they stand, but for the commands that other tests run at greater length
EXECUTED = ("docs/start.md", "docs/tutorials/pairs.md", "docs/tutorials/electron-microscopy.md")
ELSEWHERE = {"package", "check"}


def blocks(page, language):
    """Fenced blocks of a page, those in lists too."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```", text, flags=re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for block in found]


def commands(text):
    """Every `dfcan-bmz ...` that stands on a line of its own, continued lines joined, as lists of arguments."""
    lines = text.replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines if line.strip().startswith("dfcan-bmz ")]


def test_the_site_builds_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    answer = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert "excluded from the built site" not in answer.stderr
    told = (tmp_path / "reference/command-line.html").read_text(encoding="utf-8")
    assert all(f"dfcan-bmz {command}" in told for command in ("train", "predict", "evaluate", "package"))
    assert 'id="dfcan_bmz.metrics.affine"' in (tmp_path / "reference/metrics.html").read_text(encoding="utf-8")
    assert re.findall(r"[^ ]\.\.\.</li>", told) == []  # sentences cut off
    assert 'id="settings"' in (tmp_path / "reference/readme.html").read_text(encoding="utf-8")
    for page in PAGES:
        html = (tmp_path / page.relative_to(REPOSITORY / "docs")).with_suffix(".html").read_text(encoding="utf-8")
        # what stands less than four columns in is no longer part of its list: code becomes text, numbers begin anew
        assert re.findall(r"<p>(?:dfcan-bmz|fiji|pip|docker|```).*", html) == [], page.name
        numbered = re.findall(r"^1\. ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert len(re.findall(r"<ol>", html)) == len(numbered), page.name
    in_nav = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert [name for name in NAMES if f'"{name[5:-3]}.html"' not in in_nav and name != "docs/index.md"] == []


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


@pytest.mark.parametrize("name", NAMES)
def test_yaml_and_python_blocks_are_valid(name):
    page = REPOSITORY / name
    for block in blocks(page, "yaml"):
        content = yaml.safe_load(block)
        if isinstance(content, dict) and content.keys() <= {"model", "data", "train"}:
            config.validate(config.Config, content, name)
    for block in blocks(page, "python"):
        compile(block, name, "exec")


@pytest.mark.parametrize("name", EXECUTED)
def test_tutorials_run_as_they_stand(name, tmp_path, monkeypatch):
    for folder in ("example_data", "packaging"):
        (tmp_path / folder).symlink_to(REPOSITORY / folder)
    monkeypatch.chdir(tmp_path)
    page = REPOSITORY / name
    for block in blocks(page, "yaml"):
        if (named := re.match(r"# (\S+\.yaml)\n", block)) is not None:
            (tmp_path / named[1]).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / named[1]).write_text(block, encoding="utf-8")
    ran = []
    for arguments in (found for block in blocks(page, "bash") for found in commands(block)):
        if arguments[0] not in ELSEWHERE:
            result = CliRunner().invoke(app, arguments, catch_exceptions=False)
            assert result.exit_code == 0, result.output
            ran.append(arguments[0])
    assert {"train", "evaluate", "predict"} <= set(ran)
