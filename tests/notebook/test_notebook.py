"""The notebook's forms and texts, and the table that compares it with the original."""

import ast
import re

import nbformat
import pytest
from bioimageio.spec import load_description_and_validate_format_only
from conftest import REPOSITORY

from dfcan_bmz.config import Config
from dfcan_bmz.notebook.answers import SECTIONS
from dfcan_bmz.notebook.forms import Field, read_form
from dfcan_bmz.notebook.words import FIELDS

NOTEBOOK = REPOSITORY / "notebooks/dfcan_zerocost.ipynb"
PAGE = (REPOSITORY / "docs/notebook.md").read_text(encoding="utf-8")
# figure, original parameter, in our notebook, our key, default
ROWS = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.splitlines() if line.startswith("| 6.")]
TABLE = [row for row in ROWS if len(row) == 5]


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def notebook():
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture(scope="module")
def fields(notebook):
    entries = [entry for cell in code_cells(notebook) for entry in read_form(cell.source)]
    return {entry.name: entry for entry in entries if isinstance(entry, Field)}


def test_the_notebook_is_clean_and_holds_no_logic(notebook):
    for cell in code_cells(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None
        assert "@markdown" in cell.source, "every code cell is a form in Colab"
        tree = ast.parse(re.sub(r"%pip .*", "pass", cell.source))
        assert not any(isinstance(node, ast.FunctionDef | ast.ClassDef | ast.While) for node in ast.walk(tree))
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not any(name.startswith("_") for name in names), "public functions only"
        modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert all(module == "pathlib" or module.startswith("dfcan_bmz") for module in modules)


def test_the_code_of_every_cell_is_folded_in_jupyter_and_in_colab(notebook):
    for cell in code_cells(notebook):
        assert cell.metadata["jupyter"]["source_hidden"]
        assert cell.metadata["cellView"] == "form"


def test_every_cell_says_that_section_1_comes_first(notebook, capsys):
    _, *later = code_cells(notebook)
    for cell in later:
        exec(cell.source, {})
        assert capsys.readouterr().out == "Run section 1 first.\n", cell.source


def test_every_field_is_known_with_the_section_that_asks_for_it(notebook):
    found, section = {}, ""
    for cell in notebook.cells:
        headings = re.findall(r"^#+ \*\*(\d+(?:\.\d+)?)\.? ", cell.source, flags=re.MULTILINE)
        section = headings[-1] if headings else section
        if cell.cell_type == "code":
            names = [entry.name for entry in read_form(cell.source) if isinstance(entry, Field)]
            found.setdefault(section, []).extend(names)
    named = {section: sorted(names) for section, names in found.items() if names}
    assert named.pop("1") == ["Install_from"]
    assert named == {section: sorted(names) for section, names in SECTIONS.items()}


def test_what_the_package_calls_a_setting_is_a_field_of_a_form(fields):
    assert set(FIELDS.values()) <= fields.keys()


def test_every_parameter_of_the_original_stands_in_the_table_and_in_the_notebook(fields):
    known = set()
    for figure, _, ours, _, default in TABLE:
        for name in re.findall(r"`(\w+)`", ours):
            assert name in fields, (figure, name)
            assert fields[name].value == ast.literal_eval(default.strip("`")), name
            known.add(name)
    originals = {name for _, original, *_ in TABLE for name in re.findall(r"`(\w+)`", original)}
    assert len(originals) == 29
    assert {"Weights_choice", "QC_down_factor", "Use_Default_Advanced_Parameters", "vertical_flip"} <= known
    figures = {number for figure, *_ in TABLE for number in figures_in(figure)}
    assert figures == {f"6.{number}" for number in range(1, 18)}


def test_defaults_of_the_notebook_are_those_of_the_package(fields):
    defaults = Config().model_dump()
    checked = []
    for _, _, ours, key, _ in TABLE:
        if (found := re.fullmatch(r"`(\w+)\.(\w+)`", key)) is None or key in ("`data.augment`", "`train.init`"):
            continue
        value, default = fields[ours.strip("`")].value, defaults[found[1]][found[2]]
        assert (value / 100 if ours == "`percentage_validation`" else value) == default, key
        checked.append(key)
    assert len(checked) == 8
    switches = {"Rotation": "rot90", "horizontal_flip": "hflip", "vertical_flip": "vflip"}
    assert {switches[name] for name in switches if fields[name].value} == set(defaults["data"]["augment"])
    assert fields["Use_pretrained_model"].value is False
    assert defaults["train"]["init"] == "none"
    for name, key in {"learning_rate_schedule": "schedule", "patience": "patience"}.items():
        assert fields[name].value == defaults["train"][key]
    assert fields["output"].value == defaults["model"]["output"]


def test_the_parameters_of_the_training_are_explained_with_their_defaults(notebook):
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    (explained,) = [text for text in texts if "## **3.2." in text]
    (form,) = [read_form(cell.source) for cell in code_cells(notebook) if "number_of_epochs =" in cell.source]
    for field in (entry for entry in form if isinstance(entry, Field)):
        assert f"`{field.name}`" in explained
        if type(field.value) in (int, float) or field.choices:
            told = re.search(rf"\*\*`{field.name}`\*\*.*?\*\*Default: (.+?)\*\*", explained, flags=re.DOTALL)
            assert told[1] == str(field.value), field.name


def figures_in(text):
    first, _, last = text.partition("-")
    numbers = range(int(first[2:]), int((last or first)[2:]) + 1)
    return [f"6.{number}" for number in numbers]


def test_the_description_for_the_zoo_is_valid_and_of_this_version(notebook):
    summary = load_description_and_validate_format_only(REPOSITORY / "notebooks/rdf.yaml", perform_io_checks=False)
    assert summary.status != "failed", summary.format()
    version = re.search(r'Notebook_version = "(.+)"', notebook.cells[3].source)[1]
    assert f"\nversion: {version}\n" in (REPOSITORY / "notebooks/rdf.yaml").read_text(encoding="utf-8")
    assert f"**v{version}**" in notebook.cells[-1].source
