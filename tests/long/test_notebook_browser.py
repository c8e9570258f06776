"""The notebook as a person meets it: in JupyterLab, in Chromium; Node.js, npm and Chromium must be there."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import REPOSITORY
from long.browser import find_chromium, installed_packages

NOTEBOOK = "dfcan_zerocost.ipynb"


@pytest.fixture
def lab(tmp_path, pairs_folder):
    """Address of a JupyterLab in a folder with the notebook and a small set of pairs."""
    shutil.copy(REPOSITORY / "notebooks" / NOTEBOOK, tmp_path)
    shutil.copytree(pairs_folder, tmp_path / "pairs")
    options = ["--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root", "--LabApp.expose_app_in_browser=True"]
    options += [f"--ServerApp.root_dir={tmp_path}", "--IdentityProvider.token=", "--LabApp.news_url=None"]
    # settings and workspaces of whoever runs the tests stay theirs
    own = os.environ | {
        f"JUPYTER{name}_DIR": str(tmp_path / f".jupyter{name}") for name in ("_CONFIG", "_DATA", "LAB_SETTINGS")
    }
    own["JUPYTERLAB_WORKSPACES_DIR"] = str(tmp_path / ".workspaces")
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options], stderr=subprocess.PIPE, text=True, env=own, cwd=tmp_path
    )
    found = None
    for line in server.stderr:
        if found := re.search(r"http://127\.0\.0\.1:\d+/lab", line):
            break
    assert found, "JupyterLab did not start"
    yield f"{found[0]}/tree/{NOTEBOOK}?reset"
    server.terminate()
    server.communicate()


def test_what_the_notebook_promises_holds_in_a_browser(lab, tmp_path):
    folder = installed_packages()
    settings = os.environ | {"LAB": lab, "CHROMIUM": find_chromium(), "PICTURE": str(tmp_path / "notebook.png")}
    answer = subprocess.run(
        ["node", "--test", "notebook/notebook.test.mjs"], cwd=folder, env=settings, capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
