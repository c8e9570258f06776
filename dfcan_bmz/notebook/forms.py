"""Forms: Colab draws the ``#@param`` lines of a cell as a form, and in Jupyter this module draws the same lines."""

import ast
import re
from html import escape
from typing import Any, NamedTuple

import ipywidgets as widgets
from IPython import get_ipython
from IPython.display import display

from dfcan_bmz.notebook.session import in_colab

PARAM = re.compile(r"^(\w+)\s*=\s*(.+?)\s*#\s*@param\s*(\[.*\])?")
TITLE = re.compile(r"^#\s*@markdown\s*(#*)\s*(.*)$")

# what was chosen in a widget, by the cell's source and the name: it holds when the cell runs again unedited
_chosen: dict[tuple[str, str], Any] = {}


class Title(NamedTuple):
    """A line of text in a form; `heading` is true where Colab would draw it large."""

    text: str
    heading: bool


class Field(NamedTuple):
    """A parameter: its name, the value in the cell, and what else it may be (empty: anything of that type)."""

    name: str
    value: bool | int | float | str
    choices: tuple[str, ...]


def read_form(source: str) -> list[Title | Field]:
    """Read the form in a cell.

    Parameters
    ----------
    source : str
        Lines such as ``epochs = 10  # @param {type:"number"}`` and ``# @markdown ### Training``.

    Returns
    -------
    list of Title or Field
        In the order of the cell; other lines are left out.
    """
    form: list[Title | Field] = []
    for line in source.splitlines():
        if title := TITLE.match(line):
            form.append(Title(title[2], heading=bool(title[1])))
        elif param := PARAM.match(line):
            form.append(Field(param[1], ast.literal_eval(param[2]), tuple(ast.literal_eval(param[3] or "()"))))
    return form


def show() -> None:
    """Draw the form of the running cell; nothing in Colab, which has drawn it.

    A value chosen in a widget is the variable's from then on, also when the cell runs again, until its text is edited.
    """
    if in_colab():
        return
    variables = get_ipython().user_ns
    source = variables["In"][-1]
    rows = [
        _field(entry, source, variables) if isinstance(entry, Field) else _title(entry) for entry in read_form(source)
    ]
    display(widgets.VBox(rows))


def _title(title: Title) -> widgets.Widget:
    text = re.sub(r"`(.+?)`", r"<code>\1</code>", escape(title.text.replace("**", "")))
    return widgets.HTML(f"<b>{text}</b>" if title.heading else text)


def _field(field: Field, source: str, variables: dict[str, Any]) -> widgets.Widget:
    kind = widgets.Dropdown if field.choices else WIDGETS[type(field.value)]
    options = {"options": field.choices} if field.choices else {}
    value = variables[field.name] = _chosen.get((source, field.name), field.value)
    style, layout = {"description_width": "17em"}, {"width": "44em"}
    widget = kind(value=value, description=field.name, style=style, layout=layout, **options)

    def remember(change: dict[str, Any]) -> None:
        variables[field.name] = _chosen[source, field.name] = change["new"]

    widget.observe(remember, names="value")
    return widget


WIDGETS = {bool: widgets.Checkbox, int: widgets.IntText, float: widgets.FloatText, str: widgets.Text}
