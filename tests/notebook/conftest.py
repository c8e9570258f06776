from types import SimpleNamespace

import nbformat
import pytest
from conftest import REPOSITORY

from dfcan_bmz.notebook import answers
from dfcan_bmz.notebook.forms import Field, read_form


@pytest.fixture
def filled_in(monkeypatch, tmp_path):
    """The names of a notebook session, in an empty folder, after every form has run as it is."""
    notebook = nbformat.read(REPOSITORY / "notebooks/dfcan_zerocost.ipynb", as_version=4)
    entries = [entry for cell in notebook.cells if cell.cell_type == "code" for entry in read_form(cell.source)]
    names = {entry.name: entry.value for entry in entries if isinstance(entry, Field)}
    monkeypatch.setattr(answers, "get_ipython", lambda: SimpleNamespace(user_ns=names))
    monkeypatch.chdir(tmp_path)
    return names
