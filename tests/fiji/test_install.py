"""Into a Fiji and out of it; the folder stands in for a Fiji, and holds what is looked for in one."""

import json
import shutil
import zipfile
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import yaml
from conftest import command_line

from dfcan_bmz.bundle.jdll import Choice
from dfcan_bmz.commands import install_fiji
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.fiji.install import RECORD, install, uninstall
from dfcan_bmz.fiji.macros import Settings, macros
from dfcan_bmz.fiji.places import find_fiji, open_fiji


def make_fiji(folder: Path, plugin: str | None = "deepimagej-3.1.1.jar") -> Path:
    for name in ("jars/ij-1.54p.jar", f"plugins/{plugin}" if plugin else "plugins/Other_.jar"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.fixture
def fiji(tmp_path):
    return open_fiji(make_fiji(tmp_path / "Fiji.app"))


def tree(folder: Path) -> dict[str, bytes | None]:
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in sorted(folder.rglob("*"))}


def test_a_bundle_is_installed_whole_with_its_saved_model_unpacked(tiny_bundle, fiji):
    installed = install(tiny_bundle, fiji, overwrite=False)
    assert installed.model == fiji.folder / "models/tiny-tester"
    with zipfile.ZipFile(tiny_bundle) as archive:
        assert all((installed.model / name).read_bytes() == archive.read(name) for name in archive.namelist())
    # what JDLL looks for before it would unpack the zip again
    assert (installed.model / "saved_model.pb").is_file()
    assert (installed.model / "variables").is_dir()
    assert installed.entries == ["Plugins > DFCAN > tiny-tester image", "Plugins > DFCAN > tiny-tester folder"]
    assert isinstance(installed.engine, Choice)
    assert not list(fiji.folder.glob(".dfcan-*"))


def test_the_unpacked_saved_model_runs_with_its_empty_folder_of_variables(tiny_bundle, fiji):
    model = install(tiny_bundle, fiji, overwrite=False).model
    network = tf.saved_model.load(str(model)).signatures["serving_default"]
    raw, expected = np.load(model / "test_input.npy"), np.load(model / "test_output.npy")
    low, high = np.percentile(raw, (0.1, 99.9))
    unit = tf.constant(((raw - low) / (high - low + 1e-6)).astype(np.float32))
    (output,) = network(input=unit).values()
    np.testing.assert_allclose(np.clip(output, 0, 1), expected, atol=1e-5)


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("failing", [0, 1, 7, 13])
def test_a_failure_on_the_way_leaves_everything_as_it_was(tiny_bundle, fiji, monkeypatch, earlier, failing):
    if earlier:
        model = install(tiny_bundle, fiji, overwrite=False).model
        (model / "mine.txt").write_text("a user's note")
    before = tree(fiji.folder)
    moved, replace = [], Path.replace

    def fail(path, target):
        moved.append(path)
        if len(moved) == failing + 1:
            raise OSError(28, "No space left on device")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="space"):
        install(tiny_bundle, fiji, overwrite=True)
    assert tree(fiji.folder) == {**before, "models": None}  # an empty folder at most, which Fiji makes itself


def test_removing_undoes_installing(tiny_bundle, fiji):
    before = tree(fiji.folder)
    install(tiny_bundle, fiji, overwrite=False)
    assert uninstall("tiny-tester", fiji) == []
    assert tree(fiji.folder) == {**before, "models": None}


def test_replacing_and_removing_leave_what_others_have_put_there(tiny_bundle, fiji):
    model = install(tiny_bundle, fiji, overwrite=False).model
    (model / "mine.txt").write_text("a user's note")
    (fiji.folder / "plugins/DFCAN/other_image.ijm").write_text("// of another model")
    with pytest.raises(DfcanError, match="exists already"):
        install(tiny_bundle, fiji, overwrite=False)
    install(tiny_bundle, fiji, overwrite=True)
    assert uninstall("tiny-tester", fiji) == [model / "mine.txt"]
    assert (fiji.folder / "plugins/DFCAN/other_image.ijm").is_file()
    assert not (fiji.folder / "plugins/DFCAN/tiny-tester_image.ijm").exists()


def test_a_model_from_elsewhere_is_not_touched(tiny_bundle, fiji):
    model = fiji.folder / "models/tiny-tester"
    model.mkdir(parents=True)
    (model / "rdf.yaml").write_text("name: another")
    for act in (lambda: install(tiny_bundle, fiji, overwrite=True), lambda: uninstall("tiny-tester", fiji)):
        with pytest.raises(DfcanError, match="was not installed by"):
            act()
    assert tree(model) == {"rdf.yaml": b"name: another"}


@pytest.mark.parametrize("name", ["../jars/ij-1.54p.jar", "jars/ij-1.54p.jar", "/etc/hosts", "models/other/rdf.yaml"])
def test_a_record_cannot_have_other_files_removed(tiny_bundle, fiji, name):
    model = install(tiny_bundle, fiji, overwrite=False).model
    (model / RECORD).write_text(json.dumps({"files": [name]}))
    with pytest.raises(DfcanError, match="elsewhere"):
        uninstall("tiny-tester", fiji)
    assert (fiji.folder / "jars/ij-1.54p.jar").is_file()


@pytest.mark.parametrize("nickname", ["never-installed", "../jars", "models"])
def test_what_is_not_installed_cannot_be_removed(fiji, nickname):
    with pytest.raises(DfcanError, match="has no model"):
        uninstall(nickname, fiji)


def test_a_companion_and_a_foreign_bundle_are_refused(tiny_bundle, companion_bundle, fiji, tmp_path):
    with pytest.raises(DfcanError, match="companion for ilastik"):
        install(companion_bundle, fiji, overwrite=False)
    with zipfile.ZipFile(tiny_bundle) as old, zipfile.ZipFile(tmp_path / "foreign.zip", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "rdf.yaml":
                description = yaml.safe_load(content)
                del description["config"]["dfcan_bmz"]
                content = yaml.safe_dump(description).encode()
            new.writestr(name, content)
    with pytest.raises(DfcanError, match="not written by"):
        install(tmp_path / "foreign.zip", fiji, overwrite=False)
    assert not (fiji.folder / "models").exists()


def test_fiji_is_found_where_people_put_it(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(DfcanError, match="no Fiji was found"):
        find_fiji()
    desktop = make_fiji(tmp_path / "Desktop/Fiji.app")
    assert find_fiji() == desktop
    elsewhere = make_fiji(tmp_path / "elsewhere")
    launcher = elsewhere / "fiji-linux-x64"
    launcher.write_text("#!/bin/sh\n")
    launcher.chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/fiji-linux-x64").symlink_to(launcher)
    with pytest.raises(DfcanError, match="there are 2 Fijis"):
        find_fiji()
    shutil.rmtree(desktop)
    assert find_fiji() == elsewhere


def test_the_folder_above_a_fiji_will_do_and_another_will_not(fiji):
    assert open_fiji(fiji.folder.parent) == fiji
    assert fiji.deepimagej == "3.1.1"
    beside = make_fiji(fiji.folder.parent / "macOS/Fiji")
    (beside / "Fiji.app").mkdir()
    assert open_fiji(beside / "Fiji.app").folder == beside
    with pytest.raises(DfcanError, match="is no Fiji"):
        open_fiji(fiji.folder / "jars")


@pytest.mark.parametrize(
    ("plugin", "told"), [(None, "has no deepImageJ yet"), ("DeepImageJ_2.1.16.jar", "2.1.16 reads older bundles only")]
)
def test_a_missing_or_old_deepimagej_is_told(tiny_bundle, tmp_path, capsys, plugin, told):
    folder = make_fiji(tmp_path / "Fiji", plugin)
    install_fiji.run(tiny_bundle, folder, remove=False, overwrite=False)
    assert told in capsys.readouterr().out


def test_the_command_installs_and_removes(tiny_bundle, fiji):
    answer = command_line("install-fiji", tiny_bundle, "--fiji", fiji.folder)
    assert answer.returncode == 0, answer.stderr
    assert "restart Fiji" in answer.stdout
    assert "deepImageJ yet" not in answer.stdout
    with pytest.raises(DfcanError, match="exists already"):
        install_fiji.run(tiny_bundle, fiji.folder, remove=False, overwrite=False)
    install_fiji.run(Path("tiny-tester"), fiji.folder, remove=True, overwrite=False)
    assert not (fiji.folder / "models/tiny-tester").exists()


def test_macros_have_both_spellings_of_deepimagej_s_keys():
    texts = macros(Settings("swift-name", "A name", 3, 43))
    assert {path.name for path in texts} == {"swift-name_image.ijm", "swift-name_folder.ijm", "headless.groovy"}
    for path, text in texts.items():
        if path.suffix == ".ijm":
            keys = ("model_path", "input_path", "output_folder", "display_output")
            old = ("modelPath", "inputPath", "outputFolder", "displayOutput")
            assert all(f"{key}=" in text for key in keys + old)
            assert "var SCALE = 3;" in text
        assert "{{" not in text
    templates = {entry.name for entry in (files("dfcan_bmz.fiji") / "templates").iterdir()}
    assert templates == {"functions.ijm.j2", "image.ijm.j2", "folder.ijm.j2", "headless.groovy.j2"}
