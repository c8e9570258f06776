import os
import subprocess
import sys
import venv
import zipfile

import pytest
from conftest import REPOSITORY


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, REPOSITORY]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    (path,) = out.glob("*.whl")
    return path


def test_the_wheel_holds_the_package_alone(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"dfcan_bmz"}
    assert "dfcan_bmz/bundle/templates/README.md.j2" in names
    assert "dfcan_bmz/commands/demo_files/recipe.yaml" in names


def test_the_wheel_runs_from_another_directory(wheel, tmp_path):
    """Installed in an environment of its own, which sees this one's dependencies but not this checkout."""
    venv.create(tmp_path / "env", with_pip=False)
    site = next((tmp_path / "env").glob("lib/python*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (site / "dependencies.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    command = [tmp_path / "env/bin/python", "-P", "-m", "dfcan_bmz", "simulate", "out", "--pairs", "1", "--size", "32"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    answer = subprocess.run(list(map(str, command)), cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "out/lr/fov000_level03.tif").is_file()
    where = subprocess.run(
        [tmp_path / "env/bin/python", "-P", "-c", "import dfcan_bmz; print(dfcan_bmz.__file__)"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert where.stdout.startswith(str(tmp_path))
