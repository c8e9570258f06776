"""``dfcan-bmz package``: a run folder to a tested bundle, or to the folder that a repository keeps of it."""

from pathlib import Path

from dfcan_bmz.bundle.package import package
from dfcan_bmz.console import screen


def run(run_folder: Path, recipe: Path, out: Path, overwrite: bool) -> None:
    passed = f"{len(package(run_folder, recipe, out, overwrite, screen))} checks passed"
    if out.is_file():
        print(f"{out}: {out.stat().st_size / 1e6:.1f} MB, {passed}; run it with `bioimageio predict`")
    else:
        print(f"{out}: {passed}; commit it, `dfcan-bmz package {out} --recipe ...` makes the bundle again")
