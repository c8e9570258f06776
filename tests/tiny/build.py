"""The set, run folder and bundles that the tests share, as tiny.tar.xz beside this file: `make tiny` makes it again.

Run it where something changes in what a run folder or a bundle holds. tests/long/test_tiny.py holds what lies here
against what is built today.
"""

import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path

from dfcan_bmz.files import write_zip

ARCHIVE = Path(__file__).with_name("tiny.tar.xz")
UNPACKED = ".unpacked"
TRAINING = [
    "model.filters=4",
    "model.groups=1",
    "model.blocks=1",
    "model.output=linear",
    "data.patch_size=16",
    "data.patches_per_image=80",
    "train.epochs=2",
    "train.batch_size=4",
    "train.learning_rate=5e-3",  # in 240 steps the output gets the range of its targets
]
RECIPE = """\
name: Tiny test model
description: A model of no use.
authors: [{name: A. Tester}]
license: MIT
cite: [{text: A paper, doi: 10.1038/s41592-020-01048-5}]
tags: [super-resolution, 2d, actin, fluorescence-light-microscopy]
documentation: For tests only.
tile: 32
training_data: Simulated.
nickname: tiny-tester
"""
COMPANION = "input: prepared\nformats: [keras_v3, torchscript, onnx]\n"  # what ilastik and Fiji run


def simulate_pairs(folder: Path) -> None:
    """4 fields x 2 levels of 40 px, scale 2: lr/, hr/, manifest.csv, dataset.yaml."""
    from dfcan_bmz.commands import simulate

    simulate.run(folder, "actin", pairs=4, size=40, scale=2, levels=2, seed=3, overwrite=False)


def train_run(pairs: Path, out: Path) -> None:
    """A run folder after two epochs."""
    from dfcan_bmz.commands import train

    train.run(pairs / "lr", pairs / "hr", out, None, TRAINING, resume=False, overwrite=False)


def package(run: Path, out: Path, more: str = "") -> None:
    """The bundle of a run folder; `more` lines of its recipe."""
    from dfcan_bmz.commands import package as command

    with tempfile.TemporaryDirectory() as folder:
        recipe = Path(folder) / "recipe.yaml"
        recipe.write_text(RECIPE + more, encoding="utf-8")
        command.run(run, recipe, out, overwrite=False)


def build(folder: Path) -> None:
    """Everything, into an empty folder: pairs/, tiny/ (the run folder), tiny.zip and companion.zip."""
    simulate_pairs(folder / "pairs")
    train_run(folder / "pairs", folder / "tiny")
    package(folder / "tiny", folder / "tiny.zip")
    package(folder / "tiny", folder / "companion.zip", COMPANION)


def pack(folder: Path) -> None:
    """Keep what `build` made, the bundles unpacked: so equal files are kept once."""
    with tarfile.open(ARCHIVE, "w:xz", preset=9) as archive:
        for source in sorted(folder.iterdir()):
            if source.suffix == ".zip":
                with zipfile.ZipFile(source) as bundle:
                    bundle.extractall(unpacked := folder / f"{source.stem}{UNPACKED}")
                source = unpacked
            archive.add(source, source.name, filter=_nobody_s)


def _nobody_s(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mtime = entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def unpack(folder: Path) -> None:
    """Put into an empty folder what `build` would."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    for source in folder.glob(f"*{UNPACKED}"):
        write_zip(source, source.with_suffix(".zip"))
        shutil.rmtree(source)


def main() -> None:
    """Make the archive again."""
    with tempfile.TemporaryDirectory() as scratch:
        build(Path(scratch))
        pack(Path(scratch))


if __name__ == "__main__":
    main()
