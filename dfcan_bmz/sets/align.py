"""Registered pairs, in a set of their own."""

from pathlib import Path

import numpy as np

from dfcan_bmz import images
from dfcan_bmz.data.align import Move, align_pair
from dfcan_bmz.data.pairs import open_any
from dfcan_bmz.data.records import frames_in, new_set, write_records
from dfcan_bmz.data.sources import open_set
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.events import SILENT, Events
from dfcan_bmz.files import refuse_input_as_output, write_table
from dfcan_bmz.images import Image


def align(
    source: Path, out: Path, affine: bool = False, overwrite: bool = False, events: Events = SILENT
) -> tuple[list[Move], list[str]]:
    """Move each HR image of a set onto its LR image, to a fraction of a pixel, and crop both alike.

    Parameters
    ----------
    source, out : pathlib.Path
        Folder with ``lr/`` and ``hr/``, and the one to write.
    affine : bool
        Whether rotation, scaling and shear are corrected too.
    overwrite : bool
        Whether an older set is replaced.
    events : Events
        Hears of progress and notes.

    Returns
    -------
    moves : list of Move
        Of each plane.
    problems : list of str
        Of each pair that was left out.

    Raises
    ------
    DfcanError
        If no pair could be registered, or `out` is there already.
    """
    rows, moves, problems, noted = [], [], [], []
    refuse_input_as_output([source], [out])
    if not all((source / kind).is_dir() for kind in ("lr", "hr")):
        raise DfcanError(f"{source} has no folders lr/ and hr/ in it: give the folder that holds both")
    with open_set(source / "lr", source / "hr", events) as known, new_set(out, "align", overwrite) as folder:
        for pair in events.each(known.pairs, "aligning"):
            try:
                lr, hr = open_any(pair, frames_in(known.config))
                noted += [(image.path, note) for image in (lr, hr) for note in image.notes]
                moves += _align(pair.name, lr, hr, folder, affine, events)
            except DfcanError as error:
                problems.append(str(error))
                continue
            rows.append({"fov": pair.fov} | known.rows.get(pair.name, {}) | {"name": pair.name})
        if not rows:
            raise DfcanError(problems[0])
        settings = {"command": "align", "affine": affine}
        if "order" in known.config.get("data", {}):  # frames are written one image after the other
            known.config["data"]["order"] = images.SINGLE.order
        write_records(folder, rows, {"settings": settings, "config": known.config})
        write_table(folder / "align.csv", Move._fields, moves)
    events.notes_of(noted)
    return moves, problems


def _align(name: str, lr: Image, hr: Image, folder: Path, affine: bool, events: Events) -> list[Move]:
    lr, hr, moves, notes = align_pair(name, lr, hr, affine)
    for note in notes:
        events.note(note)
    for kind, image in (("lr", lr), ("hr", hr)):
        target = folder / kind / f"{name}.tif"
        axes = image.axes if image.frames == 1 else "ZYX"
        pixels = np.asarray(image.pixels).reshape([-1, *image.size][-len(axes) :])
        images.write(target, images.writable(pixels), axes, image.calibration)
    return moves
