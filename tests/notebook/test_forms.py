from types import SimpleNamespace

import pytest

from dfcan_bmz.notebook import forms
from dfcan_bmz.notebook.forms import Field, Title, read_form

CELL = """\
# @markdown ### Training
epochs = 10  # @param {type:"integer"}
rate = 0.0005 #@param {type:"number"}
# @markdown If `path` is empty, **nothing** happens.
path = ""  # @param {type:"string"}
kind = "em"  # @param ["em", "fluorescence"]
use = True #@param{type:"boolean"}
forms.show()
other = 3
"""


@pytest.fixture
def variables(monkeypatch):
    """The names of a notebook session in which CELL has just run."""
    found = {"In": ["", CELL]}
    exec(CELL.replace("forms.show()", ""), {}, found)
    monkeypatch.setattr(forms, "get_ipython", lambda: SimpleNamespace(user_ns=found))
    monkeypatch.setattr(forms, "_chosen", {})
    return found


@pytest.fixture
def drawn(variables, monkeypatch):
    boxes = []
    monkeypatch.setattr(forms, "display", boxes.append)

    def draw():
        forms.show()
        return {widget.description: widget for widget in boxes[-1].children if hasattr(widget, "description")}

    return draw


def test_a_form_is_read_in_the_order_of_the_cell():
    assert read_form(CELL) == [
        Title("Training", heading=True),
        Field("epochs", 10, ()),
        Field("rate", 0.0005, ()),
        Title("If `path` is empty, **nothing** happens.", heading=False),
        Field("path", "", ()),
        Field("kind", "em", ("em", "fluorescence")),
        Field("use", True, ()),
    ]


def test_a_widget_sets_its_variable(drawn, variables):
    widgets = drawn()
    widgets["epochs"].value = 3
    widgets["kind"].value = "fluorescence"
    widgets["use"].value = False
    assert (variables["epochs"], variables["kind"], variables["use"]) == (3, "fluorescence", False)
    assert variables["rate"] == 0.0005


def test_what_was_chosen_holds_when_the_cell_runs_again(drawn, variables):
    drawn()["epochs"].value = 3
    variables["epochs"] = 10  # as the cell's own line does
    assert drawn()["epochs"].value == 3
    assert variables["epochs"] == 3


def test_an_edited_cell_is_believed(drawn, variables):
    drawn()["epochs"].value = 3
    variables["In"].append(CELL.replace("epochs = 10", "epochs = 20"))
    assert drawn()["epochs"].value == 20
    assert variables["epochs"] == 20


def test_colab_draws_its_own_forms(variables, monkeypatch):
    monkeypatch.setattr(forms, "in_colab", lambda: True)
    monkeypatch.setattr(forms, "display", lambda box: pytest.fail("drawn twice"))
    forms.show()
