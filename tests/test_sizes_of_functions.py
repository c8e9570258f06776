"""A function that fits a screen can be read at once."""

import ast
from pathlib import Path

import pytest

import dfcan_bmz

PACKAGE = Path(dfcan_bmz.__file__).parent
MOST_LINES = 40
OPTIONS = "cli.py"  # its functions are lists of options

Function = ast.FunctionDef | ast.AsyncFunctionDef


def lines_of_code(function: Function, text: list[str]) -> int:
    """Lines from ``def`` to the end that hold code: no docstring, no comment alone on its line, nothing blank."""
    lines = set(range(function.lineno, function.end_lineno + 1))
    for node in ast.walk(function):
        if isinstance(node, Function | ast.ClassDef) and ast.get_docstring(node, clean=False) is not None:
            lines -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return sum(bool(code) and not code.startswith("#") for code in (text[line - 1].strip() for line in lines))


def functions(file: Path) -> dict[str, int]:
    source = file.read_text(encoding="utf-8")
    found = (node for node in ast.walk(ast.parse(source)) if isinstance(node, Function))
    return {f"{file.relative_to(PACKAGE)}: {node.name}": lines_of_code(node, source.splitlines()) for node in found}


EXAMPLE = '''
def f():
    """Two
    lines."""

    # why
    def g():
        """One."""
        return 1  # one
'''


def test_what_is_counted_is_code():
    outer, inner = (node for node in ast.walk(ast.parse(EXAMPLE)) if isinstance(node, Function))
    assert (lines_of_code(outer, EXAMPLE.splitlines()), lines_of_code(inner, EXAMPLE.splitlines())) == (3, 2)


@pytest.mark.parametrize("folder", sorted({file.parent for file in PACKAGE.rglob("*.py")}), ids=lambda path: path.name)
def test_no_function_has_more_than_forty_lines_of_code(folder):
    sizes = {}
    for file in folder.glob("*.py"):
        if file != PACKAGE / OPTIONS:
            sizes |= functions(file)
    assert {name: lines for name, lines in sizes.items() if lines > MOST_LINES} == {}
