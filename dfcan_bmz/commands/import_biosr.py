"""``dfcan-bmz import-biosr``: the BioSR data set to training pairs."""

from contextlib import suppress
from pathlib import Path

import numpy as np

from dfcan_bmz import images
from dfcan_bmz.commands.progress import tell_notes, watched
from dfcan_bmz.data.biosr import Source, find_sources, read_source, scale_of
from dfcan_bmz.data.pairs import new_set, write_records
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.files import refuse_input_as_output


def run(root: Path, out: Path, structures: list[str], levels: list[int], overwrite: bool) -> None:
    sources = find_sources(root, structures, levels)
    refuse_input_as_output([root], [out])
    _refuse_two_scales(sources)
    rows, problems, noted, scale = [], [], [], None
    with new_set(out, "import-biosr", overwrite) as folder:
        for source in watched(sources, "importing"):
            try:
                row, scale, notes = _import(source, folder)
            except DfcanError as error:
                problems.append(str(error))
                continue
            rows.append(row)
            noted += notes
        if not rows:
            raise DfcanError(problems[0])
        settings = {"command": "import-biosr", "structures": sorted({source.structure for source in sources})}
        config = {"model": {"scale": scale}, "data": {"target": "own"}}
        write_records(folder, rows, {"settings": settings, "config": config})
    tell_notes(noted)
    print(f"{out}: {len(rows)} pairs, x{scale}; train with --lr {out}/lr --hr {out}/hr")
    if problems:
        raise UnfinishedError(f"{len(problems)} of {len(sources)} pairs were left out: {'; '.join(problems)}")


def _refuse_two_scales(sources: list[Source]) -> None:
    """Tell from the sizes alone, before hours of reading and writing."""
    scales: dict[int, str] = {}
    for source in watched(sources, "looking"):
        with suppress(DfcanError):  # told when its turn comes
            scales.setdefault(scale_of(source), source.structure)
    if len(scales) > 1:
        (one, of_one), (other, of_other), *_ = scales.items()
        raise DfcanError(
            f"{of_one} is x{one} and {of_other} is x{other}, which no network learns at once: "
            f"import them one by one with --structure"
        )


def _import(source: Source, folder: Path) -> tuple[dict, int, list[tuple[Path, str]]]:
    lr, hr, scale = read_source(source)
    # the header of a target may repeat the raw images' pixel size: the ratio of the sizes cannot err
    hr_calibration = lr.calibration.finer(scale)
    info = {"structure": source.structure, "cell": source.cell, "level": int(source.level)}
    images.write(folder / "lr" / f"{source.name}.tif", np.asarray(lr.pixels), "YX", lr.calibration, info=info)
    images.write(
        folder / "hr" / f"{source.name}.tif", images.writable(np.asarray(hr.pixels)), "YX", hr_calibration, info=info
    )
    row = {"name": source.name, "fov": f"{source.structure}_{source.cell}", "level": int(source.level)}
    row |= {"structure": source.structure, "pixel_size_nm": lr.pixel_size_nm or ""}
    return row, scale, [(image.path, note) for image in (lr, hr) for note in image.notes]
