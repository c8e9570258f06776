import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
import yaml
from conftest import REPOSITORY, TINY_TRAINING


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, REPOSITORY]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    (path,) = out.glob("*.whl")
    return path


def installed(wheel, folder, *options):
    """Python of a new environment with the wheel in it, and where its packages are."""
    venv.create(folder, with_pip=False)
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin/python", "install", "--quiet", *options, wheel]
    subprocess.run(list(map(str, pip)), check=True)
    return folder / "bin/python", next(folder.glob("lib/python*/site-packages"))


def test_the_wheel_is_of_a_size_that_people_download(wheel):
    """The published models are in it: where they outgrow this, those that most people do not need move to the zoo."""
    assert wheel.stat().st_size < 60e6


def test_the_wheel_holds_the_package_alone(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"dfcan_bmz"}
    assert "dfcan_bmz/bundle/templates/README.md.j2" in names
    assert "dfcan_bmz/bundle/templates/nicknames.yaml" in names
    assert "dfcan_bmz/fiji/templates/functions.ijm.j2" in names
    assert "dfcan_bmz/commands/demo_files/recipe.yaml" in names
    assert "dfcan_bmz/py.typed" in names


def test_a_plain_installation_predicts_and_evaluates_without_a_framework(wheel, pairs_folder, tmp_path):
    """What it cannot do it says in one line, with the extra that brings it."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "KERAS_BACKEND")}
    python, site = installed(wheel, tmp_path / "env")
    assert not [name for name in ("tensorflow", "keras", "torch", "jax") if (site / name).exists()]

    def dfcan_bmz(*words):
        command = list(map(str, [python, "-m", "dfcan_bmz", *words]))
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    pairs = ("--lr", pairs_folder / "lr", "--hr", pairs_folder / "hr")
    for words in [
        ("inspect", pairs_folder),
        ("predict", "microtubules-x2", pairs_folder / "lr", "--out", "predicted"),
        ("evaluate", "microtubules-x2", *pairs, "--out", "evaluation"),
        ("trust", "microtubules-x2", pairs_folder / "lr", "--out", "trust"),
        ("record", site / "dfcan_bmz/rdf/actin-x2", "--out", "record.html"),
        ("degrade", pairs_folder / "hr", "--out", "degraded"),
    ]:
        answer = dfcan_bmz(*words)
        assert answer.returncode == 0, (words, answer.stderr)
    for words in [("train", *pairs, "--out", "run"), ("demo", "--out", "demo")]:
        answer = dfcan_bmz(*words)
        assert answer.returncode == 2
        assert "pip install 'dfcan-bmz[torch]'" in answer.stderr
        assert "Traceback" not in answer.stderr
    assert not (tmp_path / "run").exists()


def test_the_wheel_installs_and_runs_from_another_directory(wheel, tmp_path):
    """In an environment of its own, which sees this one's dependencies but not this checkout."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def run(*command):
        answer = subprocess.run(list(map(str, command)), cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    python, site = installed(wheel, tmp_path / "env", "--no-deps", "--no-index")
    (site / "dependencies.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    run(tmp_path / "env/bin/dfcan-bmz", "simulate", "out", "--pairs", "1", "--size", "32")
    assert (tmp_path / "out/lr/fov000_level03.tif").is_file()
    (model,) = [
        entry
        for entry in json.loads(run(tmp_path / "env/bin/dfcan-bmz", "models", "--json"))
        if entry["name"] == "actin-x2"
    ]
    assert all(Path(picture).is_file() and picture.startswith(str(site)) for picture in model["pictures"])
    run(tmp_path / "env/bin/dfcan-bmz", "predict", "amber-otter", "out/lr", "--out", "predicted")
    assert (tmp_path / "predicted/fov000_level03.tif").is_file()
    assert run(python, "-P", "-c", "import dfcan_bmz; print(dfcan_bmz.__file__)").startswith(str(tmp_path))


def test_keras_and_pytorch_go_the_whole_way_without_tensorflow(wheel, pairs_folder, tiny_recipe, tmp_path):
    """In an environment with this one's packages but TensorFlow and JAX: what the extra `torch` brings."""
    python, site = installed(wheel, tmp_path / "env", "--no-deps", "--no-index")
    for entry in Path(pytest.__file__).parent.parent.iterdir():
        if not re.match(r"(tensor|jax)|.*dfcan", entry.name) and not (site / entry.name).exists():
            (site / entry.name).symlink_to(entry)
    left_out = ("PYTHONPATH", "KERAS_BACKEND")
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    settings = [word for setting in TINY_TRAINING for word in ("--set", setting)]
    for words in [
        ("train", "--lr", pairs_folder / "lr", "--hr", pairs_folder / "hr", "--out", "run", *settings),
        ("package", "run", "--recipe", tiny_recipe, "--out", "tiny.zip"),
        ("check", "tiny.zip"),
        ("predict", "tiny.zip", pairs_folder / "lr", "--engine", "keras", "--out", "predicted"),
    ]:
        command = list(map(str, [python, "-m", "dfcan_bmz", *words]))
        answer = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert answer.returncode == 0, (words, answer.stdout, answer.stderr)
        assert "left out" not in answer.stderr
    with zipfile.ZipFile(tmp_path / "tiny.zip") as bundle:
        weights = yaml.safe_load(bundle.read("rdf.yaml"))["weights"]
    assert set(weights) == {"keras_v3", "torchscript", "onnx"}
    assert weights["keras_v3"]["backend"][0] == "torch"
