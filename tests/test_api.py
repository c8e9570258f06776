"""The functions that `import dfcan_bmz` offers."""

import ast
import inspect
import pydoc
import subprocess
import sys

import pytest

import dfcan_bmz


@pytest.mark.parametrize("name", dfcan_bmz.__all__)
def test_every_name_is_there_and_explains_itself(name):
    found = getattr(dfcan_bmz, name)
    told = inspect.getdoc(found)
    assert told
    if inspect.isfunction(found):
        assert "Examples\n---" in told
        if name != "compare":  # which refers to evaluate
            assert [parameter for parameter in inspect.signature(found).parameters if parameter not in told] == []


def test_help_is_a_table_of_contents():
    told = pydoc.render_doc(dfcan_bmz, renderer=pydoc.plaintext)
    functions = [name for name in dfcan_bmz.__all__ if name.islower()]
    contents = told.partition("::")[2].partition("Images are")[0]
    assert [name for name in functions if f"    {name} " not in contents] == []


def test_what_is_offered_to_type_checkers_is_what_is_imported():
    tree = ast.parse(inspect.getsource(dfcan_bmz))
    (block,) = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    declared = {alias.name: node.module for node in block.body for alias in node.names}
    assert declared == {name: f"dfcan_bmz.{module}" for name, module in dfcan_bmz._MODULES.items()}
    assert set(dfcan_bmz.__all__) == set(declared)


def test_importing_the_package_imports_nothing_else_that_is_large():
    code = "import dfcan_bmz, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "keras", "tensorflow", "torch", "pydantic"} & set(loaded)


def test_there_is_nothing_else():
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        dfcan_bmz.trian  # noqa: B018
