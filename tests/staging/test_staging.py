"""Outputs are written as one step: whatever ends a command, and wherever, the old output or the new one is there."""

import os
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kills import killed_at

from dfcan_bmz import staging
from dfcan_bmz.errors import DfcanError


def tree(folder: Path) -> dict[str, bytes | None]:
    """Everything in a folder but what is under way."""
    found = sorted(path for path in folder.rglob("*"))
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in found
        if ".partial" not in path.relative_to(folder).as_posix()
    }


def write(folder: Path, content: dict[str, bytes]) -> None:
    for name, data in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def settle(target: Path, fill: bool) -> None:
    """What the next command does first."""
    staging.end(staging.begin(target, "another", overwrite=True, fill=fill))


def every_kill(tmp_path: Path, prepare, action):
    """Kill `action` before each of its file operations, in a folder of its own; yields those folders."""
    for operation in count():
        folder = tmp_path / str(operation)
        folder.mkdir()
        prepare(folder)
        killed = killed_at(operation, folder, lambda folder=folder: action(folder))
        if not killed:
            assert operation > 10, "something was killed"
            return
        yield folder


def write_file(target: Path, overwrite: bool) -> None:
    with staging.writing(target, "test", overwrite) as path:
        path.write_text("new")


@pytest.mark.parametrize("older", [True, False])
def test_a_kill_leaves_the_old_file_or_the_new_one_and_the_command_repeated_ends_well(tmp_path, older):
    def prepare(folder):
        if older:
            write(folder, {"deep/out.txt": b"old"})

    for folder in every_kill(tmp_path, prepare, lambda folder: write_file(folder / "deep/out.txt", older)):
        out = folder / "deep/out.txt"
        if older or out.exists():
            assert out.read_text() in ("old", "new")
        write_file(out, older)
        assert tree(folder) == {"deep": None, "deep/out.txt": b"new"}
        assert not list(folder.rglob("*.partial"))


OLD_SET = {"lr/a.tif": b"old", "lr/b.tif": b"old", "hr/a.tif": b"old", "manifest.csv": b"old", "mine.txt": b"mine"}
NEW_SET = {"lr/a.tif": b"new", "hr/a.tif": b"new", "manifest.csv": b"new"}


def write_set(target: Path, overwrite: bool) -> None:
    with staging.filling(target, "test", overwrite, away=["lr", "hr", "manifest.csv"]) as folder:
        write(folder, NEW_SET)


@pytest.mark.parametrize("older", [True, False, None])
def test_a_kill_leaves_an_old_set_or_a_new_one(tmp_path, older):
    def prepare(folder):
        if older:
            write(folder / "out", OLD_SET)
        elif older is None:
            (folder / "out").mkdir()

    old = {path: data for path, data in OLD_SET.items() if older}
    new = {**NEW_SET, **({"mine.txt": b"mine"} if older else {})}
    for folder in every_kill(tmp_path, prepare, lambda folder: write_set(folder / "out", bool(older))):
        out = folder / "out"
        found = {path: data for path, data in tree(out).items() if data is not None}
        # even before anything is settled, nobody takes a part of a set for a whole one
        if {"lr", "hr"} <= tree(out).keys():
            assert found in (old, new)
        settle(out, fill=True)
        found = {path: data for path, data in tree(out).items() if data is not None}
        assert found in (old, new)
        assert not list(folder.rglob("*.partial"))


@pytest.mark.parametrize("older", [True, False, None])
def test_a_killed_command_that_makes_a_set_is_simply_repeated(tmp_path, older):
    def prepare(folder):
        if older:
            write(folder / "out", OLD_SET)
        elif older is None:
            (folder / "out").mkdir()

    for folder in every_kill(tmp_path, prepare, lambda folder: write_set(folder / "out", bool(older))):
        write_set(folder / "out", bool(older))
        found = {path: data for path, data in tree(folder / "out").items() if data is not None}
        assert found == {**NEW_SET, **({"mine.txt": b"mine"} if older else {})}
        assert not list(folder.rglob("*.partial"))


@pytest.mark.parametrize("name", ["dfcan-bmz", "partial", "new", "old", ".hidden"])
@pytest.mark.parametrize("older", [True, False])
def test_an_output_of_any_name_leaves_its_neighbours_alone(tmp_path, name, older):
    write(tmp_path, {"manifest.csv": b"of others"} | ({f"{name}/mine.txt": b"mine"} if older else {}))
    before = tree(tmp_path)
    write_set(tmp_path / name, older)
    with staging.writing(tmp_path / f"{name}.txt", "test", overwrite=False) as path:
        path.write_text("new")
    made = {f"{name}/{path}": data for path, data in NEW_SET.items()} | {f"{name}.txt": b"new"}
    files = {path: data for path, data in tree(tmp_path).items() if data is not None}
    assert files == {path: data for path, data in before.items() if data is not None} | made
    assert not list(tmp_path.rglob("*.partial"))


names = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/a", "f"])
contents = st.dictionaries(names, st.just(b"old"), max_size=5)


@settings(max_examples=25)
@given(
    contents,
    st.dictionaries(names, st.just(b"new"), min_size=1, max_size=5),
    st.sets(st.sampled_from("abdf")),
    st.integers(0, 60),
    st.integers(0, 30),
)
def test_files_in_a_folder_are_replaced_all_or_none_wherever_the_kill_comes_and_the_next_one(
    tmp_path_factory, old, new, away, operation, operation_of_the_next
):
    folder = tmp_path_factory.mktemp("any")
    (folder / "out").mkdir()
    write(folder / "out", old)

    def fill():
        with staging.filling(folder / "out", "test", True, away=away) as place:
            write(place, new)

    killed_at(operation, folder, fill)
    killed_at(operation_of_the_next, folder, lambda: settle(folder / "out", fill=True))
    settle(folder / "out", fill=True)
    found = {path: data for path, data in tree(folder / "out").items() if data is not None}
    kept = {path: data for path, data in old.items() if path.split("/")[0] not in away}
    assert found in (old, kept | new)


@pytest.mark.parametrize("failing", range(7))
def test_an_error_on_the_way_brings_everything_back(tmp_path, monkeypatch, failing):
    write(tmp_path / "out", OLD_SET)
    moved, replace = [], Path.replace

    def fail(path, target):
        if {"new", "old"} & {path.parent.name, Path(target).parent.name}:
            moved.append(path)
            if len(moved) == failing + 1:
                raise OSError(28, "No space left on device")
        return replace(path, target)

    before = tree(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        if failing < 6:
            with pytest.raises(OSError, match="space"):
                write_set(tmp_path / "out", True)
            assert tree(tmp_path) == before
        else:
            write_set(tmp_path / "out", True)
    assert not list(tmp_path.rglob("*.partial"))


def test_what_is_left_of_a_kill_is_gone_on_with_by_the_same_command_alone(tmp_path):
    def begin_and_die():
        work = staging.begin(tmp_path / "out.txt", "long", keep=True)
        work.new.write_text("half")
        os._exit(9)

    killed_at(10**6, tmp_path, begin_and_die)
    work = staging.begin(tmp_path / "out.txt", "long", keep=True)
    assert work.new.read_text() == "half"
    staging.end(work, keep=True)
    work = staging.begin(tmp_path / "out.txt", "other", keep=True)
    assert not work.new.exists()
    staging.end(work)
    assert list(tmp_path.iterdir()) == []


def test_two_processes_do_not_write_one_output_and_the_second_says_who_does(tmp_path):
    waits = "import sys; from pathlib import Path; from dfcan_bmz import staging; "
    waits += "work = staging.begin(Path(sys.argv[1]), 'train'); print('ready', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", waits, str(tmp_path / "run")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        told = rf"run is being written by `dfcan-bmz train` \(process {process.pid} on .+, since \d{{4}}-.+\)"
        for refused in (
            lambda: staging.begin(tmp_path / "run", "test"),
            lambda: staging.recover(tmp_path / "run", "test"),
        ):
            with pytest.raises(DfcanError, match=told):
                refused()
        (tmp_path / "run").mkdir()
        with pytest.raises(DfcanError, match=told):
            staging.begin(tmp_path / "run", "test", fill=True)
        process.kill()
    settle(tmp_path / "run", fill=True)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_folder_of_somebody_else_under_the_hidden_name_is_refused(tmp_path):
    write(tmp_path, {".out.txt.partial/mine.txt": b"mine"})
    with pytest.raises(DfcanError, match="in the way"):
        write_file(tmp_path / "out.txt", True)
    assert tree(tmp_path / ".out.txt.partial") == {"mine.txt": b"mine"}


def test_a_place_that_cannot_be_written_is_told_before_any_work(tmp_path):
    (tmp_path / "file").write_text("")
    for fill in (True, False):
        with pytest.raises(DfcanError, match=r"cannot be written|is a file"):
            staging.begin(tmp_path / "file/out", "test", fill=fill)
    with pytest.raises(DfcanError, match="is a folder"), staging.writing(tmp_path, "test", True):
        pass
    with pytest.raises(DfcanError, match="is a file"), staging.filling(tmp_path / "file", "test", True):
        pass


def test_a_refusal_or_a_failure_leaves_no_trace(tmp_path):
    with pytest.raises(RuntimeError), staging.filling(tmp_path / "new/sub", "test", False):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    write(tmp_path, {"out/mine.txt": b"mine"})
    with pytest.raises(DfcanError, match="--overwrite"), staging.filling(tmp_path / "out", "test", False):
        pass
    assert tree(tmp_path) == {"out": None, "out/mine.txt": b"mine"}
