"""``dfcan-bmz ilastik restore``: what ilastik has exported, back to the images."""

from pathlib import Path

from dfcan_bmz import files, staging
from dfcan_bmz.console import screen
from dfcan_bmz.errors import DfcanError, refuse_left_out
from dfcan_bmz.ilastik.exports import find_exports
from dfcan_bmz.ilastik.restore import open_export, restore


def run(exports: list[Path], prepared: Path | None, out: Path, intensity: str, overwrite: bool) -> None:
    found = find_exports(exports, prepared)
    targets = {path: out / f"{name}.tif" for path, (name, _) in found.items()}
    staging.refuse_existing(targets.values(), overwrite)
    files.refuse_input_as_output(found, targets.values())
    problems: list[str] = []
    opened = {}
    for path, (_, record) in found.items():
        try:
            opened[path] = open_export(path, record)
        except DfcanError as error:
            problems.append(str(error))
    for path, image in screen.each(opened.items(), "restoring"):
        try:
            restore(image, found[path][1], targets[path], intensity, overwrite)
        except DfcanError as error:
            problems.append(str(error))
    if len(problems) == len(found):
        raise DfcanError(problems[0])
    print(f"{out}: {len(found) - len(problems)} images")
    refuse_left_out(problems, len(found), "exports")
