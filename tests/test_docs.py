"""The documentation: the site builds without a warning, and what its pages tell a reader to type is true."""

import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections import defaultdict
from html.parser import HTMLParser

import markdown
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
    told = parsed((tmp_path / "reference/command-line.html").read_text(encoding="utf-8"))
    assert all(f"dfcan-bmz {command}" in told.text for command in ("train", "predict", "evaluate", "package"))
    assert [item for item in told.parts["li"] if item.endswith("...") and not item.endswith(" ...")] == [], "cut off"
    assert "dfcan_bmz.metrics.affine" in parsed((tmp_path / "reference/metrics.html").read_text(encoding="utf-8")).ids
    assert "settings" in parsed((tmp_path / "reference/readme.html").read_text(encoding="utf-8")).ids
    linked = parsed((tmp_path / "index.html").read_text(encoding="utf-8")).links
    expected = {page.relative_to(REPOSITORY / "docs").with_suffix(".html").as_posix() for page in PAGES}
    assert expected - linked - {"index.html"} == set(), "pages that the navigation lacks"


@pytest.mark.parametrize("name", NAMES)
def test_what_stands_in_a_list_stays_in_it(name):
    """Less than four columns in, it is no longer part of the list: code becomes text, numbers begin anew."""
    settings = yaml.load((REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8"), yaml.SafeLoader)
    extensions = [next(iter(entry)) if isinstance(entry, dict) else entry for entry in settings["markdown_extensions"]]
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    page = parsed(markdown.markdown(text, extensions=extensions))
    commands = ("dfcan-bmz ", "fiji ", "pip ", "docker ", "```")
    assert [text for text in page.parts["p"] if text.startswith(commands)] == []
    numbered = [line for line in text.splitlines() if line.startswith("1. ")]
    assert len(page.parts["ol"]) == len(numbered)


class Page(HTMLParser):
    """What a page says, whatever the theme wraps around it.

    Its text, that of lists and their items, and of paragraphs up to their first tag; ids, and where links lead.
    """

    def __init__(self):
        super().__init__()
        self.text, self.parts, self.ids, self.links = "", defaultdict(list), set(), set()
        self._open, self._latest = [], ""

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids.add(found.get("id"))
        self.links.add(found.get("href"))
        self._latest = tag
        if tag in ("li", "ol"):
            self._open.append((tag, len(self.text)))

    def handle_endtag(self, tag):
        self._latest = ""
        if self._open and self._open[-1][0] == tag:
            self.parts[tag].append(self.text[self._open.pop()[1] :].strip())

    def handle_data(self, data):
        self.text += data
        if self._latest == "p":
            self.parts["p"].append(data)


def parsed(html):
    page = Page()
    page.feed(html)
    return page


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
