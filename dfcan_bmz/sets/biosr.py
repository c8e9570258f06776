"""The BioSR data set to training pairs: widefield means or raw frames, and their SIM targets."""

from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dfcan_bmz import images, staging
from dfcan_bmz.data.biosr import Source, angles_of, find_sources, read_source, scale_of, split_by_cell
from dfcan_bmz.data.records import new_set, write_records
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.events import SILENT, Events
from dfcan_bmz.files import refuse_input_as_output


class Imported(NamedTuple):
    """What was imported: pairs of each set, their scale factor, and why others were left out."""

    pairs: dict[Path, int]
    scale: int
    problems: list[str]


def import_biosr(
    root: Path,
    out: Path,
    structures: list[str],
    levels: list[int],
    frames: str = "mean",
    split: str = "none",
    overwrite: bool = False,
    events: Events = SILENT,
) -> Imported:
    """Write pairs of the raw images of BioSR.

    Parameters
    ----------
    root, out : pathlib.Path
        Folder of BioSR or of one of its structures, and the set to write.
    structures, levels : list
        Those that are wanted; all where there are none.
    frames : {"mean", "raw"}
        Whether LR images are the mean of the raw frames, or all of them.
    split : {"none", "authors", "authors-scripts"}
        Whether `out` gets two sets, ``train`` (which names its fields for validation) and ``test``, by cell.
    overwrite : bool
        Whether older sets are replaced.
    events : Events
        Hears of progress and notes.

    Raises
    ------
    DfcanError
        If nothing can be imported, a part of the split has no cell, or structures have different scale factors.
    """
    sources, held_out, sets = find_sources(root, structures, levels), set(), {}
    if split == "none":
        sets[out] = sources
    else:
        parts = split_by_cell(sources, split)
        held_out = {source.fov for source in parts["validation"]}
        sets = {out / "train": parts["training"] + parts["validation"], out / "test": parts["test"]}
    refuse_input_as_output([root], sets)
    staging.refuse_existing(sets, overwrite)
    _refuse_two_scales([source for chosen in sets.values() for source in chosen], events)
    imported = Imported({}, 0, [])
    for folder, chosen in sets.items():
        pairs, scale, problems = _write_set(folder, chosen, frames, held_out, overwrite, events)
        imported = Imported(imported.pairs | {folder: pairs}, scale, imported.problems + problems)
    return imported


def _write_set(
    out: Path, sources: list[Source], frames: str, held_out: set[str], overwrite: bool, events: Events
) -> tuple[int, int, list[str]]:
    """Write one set; its pairs, their scale factor, and why others were left out."""
    rows, problems, noted, scale, inputs = [], [], [], 0, 1
    with new_set(out, "import-biosr", overwrite) as folder:
        for source in events.each(sources, f"importing {out.name}"):
            try:
                row, inputs, scale, notes = _import(source, folder, frames)
            except DfcanError as error:
                problems.append(str(error))
                continue
            rows.append(row)
            noted += notes
        if not rows:
            raise DfcanError(problems[0])
        settings: dict[str, Any] = {
            "command": "import-biosr",
            "structures": sorted({source.structure for source in sources}),
        }
        config: dict[str, Any] = {"model": {"scale": scale}, "data": {"target": "own"}}
        if inputs > 1:
            config["model"]["inputs"], config["data"]["angles"] = inputs, angles_of(inputs)
            settings["frames"] = frames
        if validation := sorted(held_out & {row["fov"] for row in rows}):
            config["data"]["validation"] = validation
        write_records(folder, rows, {"settings": settings, "config": config})
    events.notes_of(noted)
    return len(rows), scale, problems


def _refuse_two_scales(sources: list[Source], events: Events) -> None:
    """Tell from the sizes alone, before hours of reading and writing."""
    scales: dict[int, str] = {}
    for source in events.each(sources, "looking"):
        with suppress(DfcanError):  # told when its turn comes
            scales.setdefault(scale_of(source), source.structure)
    if len(scales) > 1:
        (one, of_one), (other, of_other), *_ = scales.items()
        raise DfcanError(
            f"{of_one} is x{one} and {of_other} is x{other}, which no network learns at once: "
            f"import them one by one with --structure"
        )


def _import(source: Source, folder: Path, frames: str) -> tuple[dict, int, int, list[tuple[Path, str]]]:
    lr, hr, scale = read_source(source)
    lr = images.in_memory(images.averaged(lr) if frames == "mean" else lr)
    pixels = images.writable(np.asarray(lr.pixels))
    # the header of a target may repeat the raw images' pixel size: the ratio of the sizes cannot err
    hr_calibration = lr.calibration.finer(scale)
    info = {"structure": source.structure, "cell": source.cell, "level": int(source.level)}
    images.write(folder / "lr" / f"{source.name}.tif", pixels, "ZYX"[-pixels.ndim :], lr.calibration, info=info)
    images.write(
        folder / "hr" / f"{source.name}.tif", images.writable(np.asarray(hr.pixels)), "YX", hr_calibration, info=info
    )
    row = {"name": source.name, "fov": source.fov, "level": int(source.level)}
    row |= {"structure": source.structure, "pixel_size_nm": lr.pixel_size_nm or ""}
    return row, lr.frames, scale, [(image.path, note) for image in (lr, hr) for note in image.notes]
