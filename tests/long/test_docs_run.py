"""The documentation's site builds without a warning, and its tutorials run as they stand."""

import os
import re
import subprocess
import sys

import pytest
from conftest import REPOSITORY
from pages import PAGES, blocks, commands, parsed
from typer.testing import CliRunner

from dfcan_bmz.cli import app

# their ```bash blocks run as they stand, but for the commands that other tests run at greater length
EXECUTED = ("docs/start.md", "docs/tutorials/pairs.md", "docs/tutorials/electron-microscopy.md")
ELSEWHERE = {"package", "check"}


def test_the_site_builds_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "DFCAN_TRY": "try/index.html"}  # as `make site` does
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
    assert "../try/index.html" in parsed((tmp_path / "tutorials/zoo.html").read_text(encoding="utf-8")).links


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
