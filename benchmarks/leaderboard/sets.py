"""The test sets of the leaderboard, made as ``sets.yaml`` says."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
DESCRIBED = yaml.safe_load((HERE / "sets.yaml").read_text(encoding="utf-8"))
NAMES = list(DESCRIBED["sets"])


def make(name: str, folder: Path) -> Path:
    """Make a set under a folder, if it is not there yet; its folder, with ``lr/`` and ``hr/``."""
    out, described = folder / name, DESCRIBED["sets"][name]
    if (out / "lr").is_dir():
        return out
    raw = folder / f"{name}-raw"
    for kind, paths in described.get("copy", {}).items():
        _copy(paths, raw / kind)
    if "simulate" in described:
        run("simulate", *described["simulate"].split(), "--seed", DESCRIBED["seed"], "--out", out)
    elif "degrade" in described:
        run("degrade", raw / "hr", *described["degrade"].split(), "--seed", DESCRIBED["seed"], "--out", out)
    else:
        names = [path.stem for path in sorted((raw / "lr").iterdir())]
        (raw / "manifest.csv").write_text("name,fov\n" + "".join(f"{one},{name}\n" for one in names), encoding="utf-8")
        run("align", raw, "--out", out)
    return out


def _copy(paths: list[str], folder: Path) -> None:
    """Copy images, under the names image0, image1 ...: pairs have equal names."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, path in enumerate(map(Path, map(os.path.expandvars, paths))):
        shutil.copyfile(path, folder / f"image{index}{path.suffix}")


def run(*arguments: object) -> None:
    """Run a command of the package."""
    command = [sys.executable, "-m", "dfcan_bmz", *map(str, arguments), "--quiet"]
    subprocess.run(command, cwd=REPOSITORY, check=True)
