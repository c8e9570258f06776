"""What ships the package: the container's files, and the workflows."""

import re
import shutil
import subprocess
import sys

import pytest
from conftest import REPOSITORY

CONTAINERFILE = (REPOSITORY / "Containerfile").read_text(encoding="utf-8")
WORKFLOWS = sorted(REPOSITORY.glob(".github/workflows/*.yml"))


def test_the_container_copies_all_that_building_the_package_needs(tmp_path):
    for line in re.findall(r"^COPY (.*)$", CONTAINERFILE, flags=re.MULTILINE):
        *sources, target = line.split()
        folder = tmp_path / target.strip("/")
        for source in sources:
            if (REPOSITORY / source).is_dir():
                shutil.copytree(REPOSITORY / source, folder)
            else:
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copy(REPOSITORY / source, folder)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, tmp_path / "source"]
    answer = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout
    assert len(list(tmp_path.glob("dfcan_bmz-*.whl"))) == 1


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_follow_the_schema_of_github(workflow):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", workflow]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout


def test_the_release_compares_the_tag_with_the_version():
    release = (REPOSITORY / ".github/workflows/release.yml").read_text(encoding="utf-8")
    (pattern,) = re.findall(r"sed -n '(.*?)' dfcan_bmz/__init__.py", release)
    told = subprocess.run(["sed", "-n", pattern, REPOSITORY / "dfcan_bmz/__init__.py"], capture_output=True, text=True)
    from dfcan_bmz import __version__

    assert told.stdout.strip() == __version__
