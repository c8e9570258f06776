import ast
import subprocess
import sys
import tomllib

import numpy as np
import pytest
import typer
from conftest import REPOSITORY, command_line
from invoking import invoke
from typer.testing import CliRunner

import dfcan_bmz
from dfcan_bmz import cli, early, images
from dfcan_bmz.errors import DfcanError

COMMANDS = [
    "demo",
    "simulate",
    "degrade",
    "import-biosr",
    "inspect",
    "align",
    "train",
    "sweep",
    "predict",
    "evaluate",
    "package",
    "check",
    "record",
    "install-fiji",
]


def test_help_names_every_command_and_imports_nothing_heavy():
    code = (
        "import sys; from typer.testing import CliRunner; from dfcan_bmz.cli import app;"
        "print(CliRunner().invoke(app, ['--help']).output);"
        "assert not {'keras', 'tensorflow', 'numpy', 'matplotlib', 'bioimageio'} & set(sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert all(command in answer.stdout for command in COMMANDS)


def parameters(file, name):
    """Names of a function's parameters, those of them without a default, and whether it takes any other."""
    tree = ast.parse((REPOSITORY / "dfcan_bmz" / file).read_text(encoding="utf-8"))
    (function,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    names = [one.arg for one in function.args.args]
    needed = names[: len(names) - len(function.args.defaults)]
    return {*names, *([function.args.kwarg.arg] if function.args.kwarg else [])}, needed, function.args.kwarg


def registered():
    groups = [cli.app, cli.recipe, cli.ilastik]
    return sorted({info.callback.__wrapped__.__name__ for group in groups for info in group.registered_commands})


@pytest.mark.parametrize("name", registered())
def test_every_option_of_a_command_has_its_parameter_in_what_does_the_work(name):
    options, _, _ = parameters("cli.py", name)
    taken, needed, others = parameters(f"commands/{name}.py", "run")
    assert options >= set(needed)
    assert others or options <= taken


def refused_early():
    """Names of the commands that are marked so."""
    tree = ast.parse((REPOSITORY / "dfcan_bmz/cli.py").read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return [one.name for one in functions if any("early=True" in ast.unparse(mark) for mark in one.decorator_list)]


def test_what_can_be_refused_early_is():
    ours = {name for name, one in vars(early).items() if getattr(one, "__module__", "") == early.__name__}
    assert {name for name in ours if not name.startswith("_")} == set(refused_early())


@pytest.mark.parametrize("name", refused_early())
def test_what_is_refused_early_is_told_all_options(name):
    options, _, _ = parameters("cli.py", name)
    taken, needed, others = parameters("early.py", vars(early)[name].__name__)
    assert options >= set(needed)
    assert others or options <= taken


def test_every_command_that_writes_takes_overwrite():
    commands = typer.main.get_command(cli.app).commands
    for name in set(COMMANDS) - {"check", "sweep"}:
        assert "--overwrite" in {option for parameter in commands[name].params for option in parameter.opts}, name


def test_an_error_is_one_line_on_stderr_and_tensorflow_is_silent(tmp_path):
    answer = command_line("train", "--lr", tmp_path, "--hr", tmp_path, "--out", tmp_path / "run")
    assert answer.returncode == 2
    assert answer.stderr.startswith("dfcan-bmz: ")
    assert len(answer.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device"), "make room or choose another --out"),
        (OSError(28, "No space left on device", "out/a.tif"), "make room or choose another --out"),
        (PermissionError(13, "Permission denied", "run/config.yaml"), "run/config.yaml: Permission denied: check its"),
        (IsADirectoryError(21, "Is a directory", "run/config.yaml"), "run/config.yaml: Is a directory: "),
    ],
)
def test_what_the_system_refuses_is_told_in_one_line_and_room_is_asked_for_where_it_lacks(
    error, told, monkeypatch, capsys
):
    def refuse():
        raise error

    monkeypatch.setattr(cli, "app", refuse)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    answer = capsys.readouterr().err
    assert told in answer
    assert ("make room" in answer) == (error.errno == 28)
    assert len(answer.strip().splitlines()) == 1


def test_the_version_is_told_once():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert "version" in project["dynamic"]
    assert dfcan_bmz.__version__ in (REPOSITORY / "CHANGELOG.md").read_text()
    assert f"version: {dfcan_bmz.__version__}" in (REPOSITORY / "CITATION.cff").read_text()


def test_version_short_help_completion_and_exit_codes_are_there():
    invoke = CliRunner().invoke
    assert invoke(cli.app, ["--version"]).output.strip() == f"dfcan-bmz {dfcan_bmz.__version__}"
    told = invoke(cli.app, ["-h"]).output
    assert told == invoke(cli.app, ["--help"]).output
    assert all(word in told for word in ("--install-completion", "130", "143"))
    for command in COMMANDS:
        told = invoke(cli.app, [command, "-h"]).output
        assert all(option in told for option in ("--quiet", "--verbose")), command


def test_a_quiet_command_tells_errors_alone_and_a_verbose_one_where_they_arose(tmp_path):
    images.write(tmp_path / "a.tif", np.random.default_rng(0).integers(0, 99, (32, 32)).astype(np.uint16))
    assert command_line("inspect", tmp_path, "--quiet").stdout == ""
    refused = command_line("inspect", tmp_path / "nowhere", "--quiet", "--verbose")
    assert (refused.stdout, refused.returncode) == ("", 2)
    assert "Traceback" in refused.stderr
    assert refused.stderr.splitlines()[-1].startswith("dfcan-bmz: ")


def test_an_output_is_an_option_and_may_still_be_the_last_argument(tmp_path):
    small = ("--pairs", "1", "--size", "16", "--levels", "1")
    for place in (("--out", tmp_path / "a"), (tmp_path / "b",)):
        invoke("simulate", *place, *small)
    assert {path.name for path in (tmp_path / "a").iterdir()} == {path.name for path in (tmp_path / "b").iterdir()}
    with pytest.raises(DfcanError, match="no output is given"):
        invoke("simulate", *small)
    with pytest.raises(DfcanError, match="there are 2 outputs"):
        invoke("simulate", tmp_path / "c", "--out", tmp_path / "d", *small)
