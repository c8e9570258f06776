"""What a command does without, it does not import: starting takes longer than the work on a small image."""

import json
import subprocess
import sys
from typing import NamedTuple

import pytest

SCIPY = {"scipy.signal", "scipy.stats", "scipy.optimize", "scipy.interpolate"}
SLOW = SCIPY | {
    "keras",
    "tensorflow",
    "torch",
    "jax",
    "bioimageio",
    "bioimageio.core",
    "matplotlib",
    "h5py",
    "onnxruntime",
}


class Command(NamedTuple):
    """A command, what of `SLOW` it needs, and its exit code."""

    line: str
    needs: frozenset[str] = frozenset()
    code: int = 0


# in one process: each may have what those before it needed
COMMANDS = [
    Command("recipe new --run tiny --structure actin --author A --training-data simulated --out recipe.yaml"),
    Command("inspect pairs"),
    Command("align pairs --out aligned"),
    Command("degrade pairs/hr --out degraded"),
    Command("simulate --pairs 1 --levels 1 --size 32 --out simulated"),
    Command("models"),
    Command("predict tiny pairs/lr --out predicted", frozenset({"h5py", "onnxruntime"})),
    Command("install-fiji tiny.zip --fiji Fiji"),
    Command("predict tiny.zip pairs/lr --out predicted-too"),
    Command("upload tiny.zip", code=1),  # it names no maintainer, which the zoo objects to
    Command("inspect pairs --out inspected", frozenset({"matplotlib"})),
]
SCRIPT = """
import contextlib, io, json, shlex, sys
from dfcan_bmz.cli import main
lines, slow = json.loads(sys.argv[1]), set(json.loads(sys.argv[2]))
answers = []
for line in lines:
    sys.argv[1:] = shlex.split(line)
    told = io.TextIOWrapper(io.BytesIO())
    code = 0
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    told.seek(0)
    answers.append((code, told.read(), sorted(slow & set(sys.modules))))
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(_tiny, tmp_path_factory):
    """Exit code, messages and slow modules after each command."""
    folder = tmp_path_factory.mktemp("start")
    for name in ("pairs", "tiny", "tiny.zip"):
        (folder / name).symlink_to(_tiny / name)
    (folder / "Fiji/plugins").mkdir(parents=True)
    (folder / "Fiji/jars").mkdir()
    (folder / "Fiji/jars/ij-1.54p.jar").touch()
    arguments = [json.dumps([command.line for command in COMMANDS]), json.dumps(sorted(SLOW))]
    done = subprocess.run([sys.executable, "-c", SCRIPT, *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("index", range(len(COMMANDS)), ids=[command.line for command in COMMANDS])
def test_a_command_imports_what_it_needs_of_the_slow_modules(answers, index):
    code, told, loaded = answers[index]
    assert code == COMMANDS[index].code, told
    allowed = set().union(*(command.needs for command in COMMANDS[: index + 1]))
    assert set(loaded) <= allowed


@pytest.mark.parametrize("index", [index for index, command in enumerate(COMMANDS) if command.needs])
def test_what_a_command_is_said_to_need_is_needed(answers, index):
    assert COMMANDS[index].needs <= set(answers[index][2])
