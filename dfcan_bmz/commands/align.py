"""``dfcan-bmz align``: pairs brought to lie on each other, in a set of their own."""

import csv
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dfcan_bmz import images
from dfcan_bmz.commands.progress import tell_notes, tell_of_others, watched
from dfcan_bmz.data.align import Move, align_pair
from dfcan_bmz.data.pairs import data_layer, find_pairs, frames_told, new_set, open_any, read_manifest, write_records
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.files import refuse_input_as_output
from dfcan_bmz.images import Image

MOST_ROWS = 40


def run(source: Path, out: Path, affine: bool, overwrite: bool) -> None:
    pairs = find_pairs(source / "lr", source / "hr")
    refuse_input_as_output([source], [out])
    tell_of_others(source / "lr", source / "hr")
    known = read_manifest(source / "lr") or {}
    rows, moves, problems, noted = [], [], [], []
    with new_set(out, "align", overwrite) as folder:
        for pair in watched(pairs, "aligning"):
            try:
                lr, hr = open_any(pair, frames_told(source / "lr"))
                noted += [(image.path, note) for image in (lr, hr) for note in image.notes]
                moves += _align(pair.name, lr, hr, folder, affine)
            except DfcanError as error:
                problems.append(str(error))
                continue
            rows.append({"fov": pair.fov} | known.get(pair.name, {}) | {"name": pair.name})
        if not rows:
            raise DfcanError(problems[0])
        config = data_layer(source / "lr")
        if "order" in config.get("data", {}):  # frames are written one image after the other
            config["data"]["order"] = images.SINGLE.order
        write_records(folder, rows, {"settings": {"command": "align", "affine": affine}, "config": config})
        with (folder / "align.csv").open("w", newline="", encoding="utf-8") as lines:
            csv.writer(lines).writerows([Move._fields, *moves])
    tell_notes(noted)
    if len(moves) <= MOST_ROWS:
        Console().print(_table(moves))
    moved = [move.farthest_px for move in moves if move.moved]
    far = f", by {np.median(moved):.2f} HR px in the median and {max(moved):.2f} at most" if moved else ""
    print(f"{out}: {len(moved)} of {len(moves)} HR images moved{far}; align.csv tells each; {source} is as it was")
    if problems:
        raise UnfinishedError(f"{len(problems)} of {len(pairs)} pairs were left out: {'; '.join(problems)}")


def _align(name: str, lr: Image, hr: Image, folder: Path, affine: bool) -> list[Move]:
    lr, hr, moves, notes = align_pair(name, lr, hr, affine)
    for note in notes:
        print(f"note: {note}")
    for kind, image in (("lr", lr), ("hr", hr)):
        target = folder / kind / f"{name}.tif"
        axes = image.axes if image.frames == 1 else "ZYX"
        pixels = np.asarray(image.pixels).reshape([-1, *image.size][-len(axes) :])
        images.write(target, images.writable(pixels), axes, image.calibration)
    return moves


def _table(moves: list[Move]) -> Table:
    table = Table("pair", "down", "right", "worst corner", "agreement before", "after", "", title="HR pixels")
    for move in moves:
        lengths = (f"{length:.2f}" for length in (move.down_px, move.right_px, move.farthest_px))
        fate = "moved" if move.moved else "kept"
        table.add_row(escape(move.name), *lengths, f"{move.before:.3f}", f"{move.after:.3f}", fate)
    return table
