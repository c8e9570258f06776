"""Into a Fiji and out of it; the folder stands in for a Fiji, and holds what is looked for in one."""

import json
import shutil
import zipfile
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from conftest import command_line

from dfcan_bmz.bundle.jdll_engines import Choice
from dfcan_bmz.commands import install_fiji
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.fiji.install import RECORD, install, uninstall
from dfcan_bmz.fiji.macros import macros
from dfcan_bmz.fiji.mend import mend
from dfcan_bmz.fiji.places import find_fiji, open_fiji
from dfcan_bmz.images import Frames


def make_fiji(folder: Path, plugin: str | None = "deepimagej-3.1.1.jar", jdll: str = "0.6.1") -> Path:
    jars = ("jars/ij-1.54p.jar", f"jars/dl-modelrunner-{jdll}.jar")
    for name in (*jars, f"plugins/{plugin}" if plugin else "plugins/Other_.jar"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.fixture
def fiji(tmp_path):
    return open_fiji(make_fiji(tmp_path / "Fiji.app"))


def tree(folder: Path) -> dict[str, bytes | None]:
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in sorted(folder.rglob("*"))}


OTHER_WEIGHTS = {"weights.keras", "weights.onnx", "tf_weights.zip", "saved_model.pb"}


def test_a_bundle_is_installed_with_its_torchscript_weights_alone(tiny_bundle, fiji):
    installed = install(tiny_bundle, fiji, overwrite=False)
    assert installed.model == fiji.folder / "models/tiny-tester"
    with zipfile.ZipFile(tiny_bundle) as archive:
        kept = set(archive.namelist()) - OTHER_WEIGHTS
        assert all((installed.model / name).read_bytes() == archive.read(name) for name in kept - {"rdf.yaml"})
        described = yaml.safe_load(archive.read("rdf.yaml"))
    assert {path.name for path in installed.model.iterdir()} == kept | {RECORD, "headless.groovy"}
    content = yaml.safe_load((installed.model / "rdf.yaml").read_text())
    torchscript = {key: value for key, value in described["weights"]["torchscript"].items() if key != "parent"}
    assert content == described | {"weights": {"torchscript": torchscript}}
    assert installed.engine == Choice("torchscript", "2.0.0")
    assert installed.entries == ["Plugins > DFCAN > tiny-tester image", "Plugins > DFCAN > tiny-tester folder"]
    assert not list(fiji.folder.glob(".dfcan-*"))


def redescribed(bundle, target, change, left_out=()):
    """Copy a bundle without some of its files, its description changed in place."""
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(target, "w") as new:
        for name in set(old.namelist()) - set(left_out):
            content = old.read(name)
            if name == "rdf.yaml":
                description = yaml.safe_load(content)
                change(description)
                content = yaml.safe_dump(description).encode()
            new.writestr(name, content)
    return target


def without_torchscript(bundle, target):
    return redescribed(bundle, target, lambda described: described["weights"].pop("torchscript"), ["weights.pt"])


def test_a_bundle_without_torchscript_is_refused_with_the_way_out(tiny_bundle, fiji, tmp_path):
    with pytest.raises(DfcanError, match=r"no torchscript .*black images or crashes.*among the recipe's formats"):
        install(without_torchscript(tiny_bundle, tmp_path / "b.zip"), fiji, overwrite=False)
    assert not (fiji.folder / "models").exists()


CODE = "exec('evil')"


@pytest.mark.parametrize("frames", [[1, f'ZAP"; {CODE}; //', 3], [9, "ZZZ", 3], [0, "ZAP", 3], [9, "ZAP", 2]])
def test_frames_that_no_training_takes_enter_no_macro(tiny_bundle, fiji, tmp_path, frames):
    def edit(described):
        described["config"]["dfcan_bmz"]["frames"] = frames

    with pytest.raises(DfcanError, match=r"b\.zip was not written by `dfcan-bmz package`"):
        install(redescribed(tiny_bundle, tmp_path / "b.zip", edit), fiji, overwrite=False)
    assert not (fiji.folder / "models").exists()


@pytest.mark.parametrize("name", [rf"Tiny \u000a {CODE} //", f"Tiny\u2028{CODE}"])
def test_a_name_that_may_be_code_enters_no_macro(tiny_bundle, fiji, tmp_path, name):
    """Groovy reads such an escape as the end of a line, and so of the comment that the name stands in."""
    bundle = redescribed(tiny_bundle, tmp_path / "b.zip", lambda described: described.update(name=name))
    with pytest.raises(DfcanError, match=r"b\.zip has no valid model description \(name: "):
        install(bundle, fiji, overwrite=False)
    assert not (fiji.folder / "models").exists()


@pytest.fixture
def earlier(tiny_bundle, fiji):
    """What earlier versions have installed: every weight format, the SavedModel unpacked."""
    model = install(tiny_bundle, fiji, overwrite=False).model
    with zipfile.ZipFile(tiny_bundle) as archive:
        archive.extractall(model)
    content = yaml.safe_load((model / "rdf.yaml").read_text())
    content["weights"]["tensorflow_saved_model_bundle"] = {"source": "tf_weights.zip", "tensorflow_version": "2.21.0"}
    (model / "rdf.yaml").write_text(yaml.safe_dump(content))
    (model / "tf_weights.zip").write_bytes(b"a zip")
    (model / "saved_model.pb").write_bytes(b"a graph")
    (model / "variables").mkdir()
    record = json.loads((model / RECORD).read_text())
    del record["weights"]
    record["files"] += [f"models/tiny-tester/{name}" for name in sorted(OTHER_WEIGHTS)]
    (model / RECORD).write_text(json.dumps(record))
    return model


def test_an_earlier_installation_is_mended_when_another_model_is_installed(earlier, tiny_bundle, fiji, tmp_path):
    (earlier / "mine.onnx").write_text("a user's own")
    (told,) = mend(fiji)
    assert "repaired" in told
    content = yaml.safe_load((earlier / "rdf.yaml").read_text())
    assert set(content["weights"]) == {"torchscript"}
    names = {path.name for path in earlier.iterdir()}
    assert "mine.onnx" in names
    assert not names & (OTHER_WEIGHTS | {"variables"})
    assert mend(fiji) == []
    assert uninstall("tiny-tester", fiji) == [earlier / "mine.onnx"]


def test_an_earlier_installation_is_replaced_without_asking(earlier, tiny_bundle, fiji):
    install(tiny_bundle, fiji, overwrite=False)
    assert not {path.name for path in earlier.iterdir()} & (OTHER_WEIGHTS | {"variables"})


def test_an_earlier_installation_without_torchscript_is_named(earlier, fiji):
    content = yaml.safe_load((earlier / "rdf.yaml").read_text())
    del content["weights"]["torchscript"]
    (earlier / "rdf.yaml").write_text(yaml.safe_dump(content))
    (told,) = mend(fiji)
    assert "cannot be repaired" in told
    assert (earlier / "weights.onnx").is_file()


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("failing", [0, 1, 3])
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
    with pytest.raises((OSError, DfcanError), match="space"):
        install(tiny_bundle, fiji, overwrite=True)
    # an empty folder at most, which Fiji makes itself, and what the next call clears away
    after = {name: data for name, data in tree(fiji.folder).items() if not name.startswith(".partial")}
    assert {**after, "models": None} == {**before, "models": None}


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
    foreign = redescribed(tiny_bundle, tmp_path / "foreign.zip", lambda described: described["config"].pop("dfcan_bmz"))
    with pytest.raises(DfcanError, match="not written by"):
        install(foreign, fiji, overwrite=False)
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
    with pytest.raises(DfcanError, match="is not a Fiji"):
        open_fiji(fiji.folder / "jars")


@pytest.mark.parametrize(
    ("plugin", "jdll", "told"),
    [
        (None, "0.6.1", "has no deepImageJ yet"),
        ("DeepImageJ_2.1.16.jar", "0.6.1", "2.1.16 reads older bundles only"),
        ("deepimagej-3.1.0.jar", "0.6.1", "3.1.0 with JDLL 0.6.1 runs torchscript in PyTorch 2.0.0: correct image"),
        ("DeepImageJ_-3.1.0.jar", "0.6.3", "3.1.0 with JDLL 0.6.3 runs torchscript in PyTorch 2.0.0: correct image"),
        ("DeepImageJ_-3.2.0.jar", "0.7.0", "JDLL 0.7.0 is unknown here (0.6.1, 0.6.3 were tried)"),
    ],
)
def test_what_will_happen_in_the_deepimagej_that_is_there_is_told(tiny_bundle, tmp_path, capsys, plugin, jdll, told):
    folder = make_fiji(tmp_path / "Fiji", plugin, jdll)
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
    texts = macros("swift-name", "A name", 3, 43, Frames())
    assert {path.name for path in texts} == {"swift-name_image.ijm", "swift-name_folder.ijm", "headless.groovy"}
    for path, text in texts.items():
        if path.suffix == ".ijm":
            keys = ("model_path", "input_path", "output_folder", "display_output")
            old = ("modelPath", "inputPath", "outputFolder", "displayOutput")
            assert all(f"{key}=" in text for key in keys + old)
            assert "var SCALE = 3;" in text
        assert "{{" not in text
    templates = {entry.name for entry in (files("dfcan_bmz.fiji") / "templates").iterdir()}
    assert templates == {"functions.ijm.j2", "frames.ijm.j2", "image.ijm.j2", "folder.ijm.j2", "headless.groovy.j2"}


@pytest.mark.parametrize("nickname", [7, None, ["x"], "..", "a-\x1b[31mred"])
def test_a_bundle_with_an_odd_nickname_removes_nothing(tiny_bundle, fiji, tmp_path, nickname):
    def call(described):
        described["config"]["bioimageio"]["nickname"] = nickname

    bundle = redescribed(tiny_bundle, tmp_path / "b.zip", call)
    before = tree(fiji.folder)
    with pytest.raises(DfcanError, match="has no model") as refusal:
        install_fiji.run(bundle, fiji.folder, remove=True, overwrite=False)
    assert str(refusal.value).isprintable()
    assert tree(fiji.folder) == before


def test_a_bundle_with_a_damaged_description_removes_nothing(tiny_bundle, fiji, tmp_path):
    content = redescribed(tiny_bundle, tmp_path / "b.zip", lambda described: None).read_bytes()
    (tmp_path / "b.zip").write_bytes(content.replace(b"format_version", b"format_Version", 1))
    with pytest.raises(DfcanError, match=r"b\.zip is a damaged zip"):
        install_fiji.run(tmp_path / "b.zip", fiji.folder, remove=True, overwrite=False)
