"""BioSR on disk (Qiao et al. 2021, doi 10.6084/m9.figshare.13264793): where each structure keeps its images.

::

    CCPs, Microtubules, F-actin    Cell_001/RawSIMData_level_01.mrc ...           9 raw frames: their mean is widefield
                                   Cell_001/SIM_gt.mrc                            one target for all levels, x2
    ER                             Cell_001/RawSIMData/RawSIMData_level_01.mrc
                                   Cell_001/GTSIM/GTSIM_level_01.mrc              a target for each level, x2
    F-actin_Nonlinear              Cell_001/RawSIMData_level_01.mrc               25 raw frames
                                   Cell_001/SIM_gt_a.mrc                          x3
"""

import math
import re
from pathlib import Path
from typing import NamedTuple

from dfcan_bmz import flaws, images
from dfcan_bmz.data.pairs import scale_between
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images import Frames, Image

STRUCTURES = ("CCPs", "ER", "Microtubules", "F-actin", "F-actin_Nonlinear")
# cells of each part; the authors' published scripts (DL-SR at 7f9c886) have others than `authors`
SPLITS = {
    "authors": {"test": range(1, 16), "training": range(16, 46), "validation": range(46, 51)},
    "authors-scripts": {"validation": range(1, 6), "training": range(6, 36), "test": range(36, 51)},
}
TARGETS = ("GTSIM/GTSIM_level_{level}.mrc", "SIM_gt.mrc", "SIM_gt_a.mrc")


class Source(NamedTuple):
    """Files of one pair; the target is None where it is missing."""

    structure: str
    cell: str
    level: str
    raw: Path
    target: Path | None

    @property
    def name(self) -> str:
        """Name of the pair, e.g. ``F-actin_Cell_001_level_01``."""
        return f"{self.structure}_{self.cell}_level_{self.level}"

    @property
    def fov(self) -> str:
        """Name of the field of view, e.g. ``F-actin_Cell_001``."""
        return f"{self.structure}_{self.cell}"


def find_sources(root: Path, structures: list[str], levels: list[int]) -> list[Source]:
    """List the pairs of BioSR.

    Parameters
    ----------
    root : pathlib.Path
        The folder of all structures, or of one.
    structures : list of str
        Which to take; empty for all that are there.
    levels : list of int
        Which light levels to take; empty for all.

    Returns
    -------
    list of Source
        By structure, cell and level.

    Raises
    ------
    DfcanError
        If nothing is found, or not what was asked for.
    """
    there = {name: root / name for name in STRUCTURES if (root / name).is_dir()}
    if (own_name := root.resolve().name) in STRUCTURES and not there:
        there = {own_name: root}
    if not there:
        raise DfcanError(f"{root} is not a BioSR folder: it should contain {', '.join(STRUCTURES)} or be one of them")
    if missing := [name for name in structures if name not in there]:
        raise DfcanError(f"{root} has no {missing[0]}: it has {', '.join(there)}")
    sources = [source for name in dict.fromkeys(structures or there) for source in _of_structure(name, there[name])]
    chosen = [source for source in sources if not levels or int(source.level) in levels]
    if not chosen:
        known = ", ".join(sorted({source.level for source in sources})) or "no raw images in Cell_* folders"
        raise DfcanError(f"{root} has none of these levels: it has {known}")
    return chosen


def _of_structure(structure: str, folder: Path) -> list[Source]:
    sources = []
    for raw in sorted(folder.glob("Cell_*/**/RawSIMData_level_*.mrc")):
        cell, level = raw.relative_to(folder).parts[0], re.findall(r"level_(\d+)", raw.stem)[0]
        candidates = [folder / cell / target.format(level=level) for target in TARGETS]
        target = next((path for path in candidates if path.is_file()), None)
        sources.append(Source(structure, cell, level, raw, target))
    return sources


def split_by_cell(sources: list[Source], split: str) -> dict[str, list[Source]]:
    """Sources of each part of one of `SPLITS`; cells of no part are left out.

    Raises
    ------
    DfcanError
        If a part has no cell.
    """
    parts = {
        part: [source for source in sources if int(source.cell.removeprefix("Cell_")) in cells]
        for part, cells in SPLITS[split].items()
    }
    for part, chosen in parts.items():
        if not chosen:
            cells = SPLITS[split][part]
            raise DfcanError(
                f"--split {split} takes cells {cells[0]} to {cells[-1]} for {part}, of which there is none: copy them "
                "there, or leave --split out"
            )
    return parts


def scale_of(source: Source) -> int:
    """Scale factor of a pair, of which only the sizes are read.

    Raises
    ------
    DfcanError
        As by `read_source`.
    """
    return scale_between(_open_raw(source), _open_target(source))


def read_source(source: Source) -> tuple[Image, Image, int]:
    """Read a pair: the raw frames and the target as they are, and the scale factor between them.

    Raises
    ------
    DfcanError
        If the target is missing, a file cannot be read, or the sizes are in no ratio of 2, 3 or 4.
    """
    lr, hr = _open_raw(source), images.in_memory(_open_target(source))
    for image in (lr, hr):
        flaws.refuse_flawed(image.path, flaws.scalings_of(image))
    return lr, hr, scale_between(lr, hr)


def angles_of(frames: int) -> int:
    """Orientations of the stripes: 3 of 3 x 3 frames of linear SIM, 5 of 5 x 5 of nonlinear SIM; else 0, not known."""
    root = math.isqrt(frames)
    return root if root**2 == frames else 0


def _open_raw(source: Source) -> Image:
    """All planes are frames of one image, by angle, then by phase."""
    count = len(images.open_lazily(source.raw).planes)
    return images.open_lazily(source.raw, Frames(count, angles=angles_of(count)))


def _open_target(source: Source) -> Image:
    if source.target is None:
        raise DfcanError(f"{source.raw} has no target beside it ({', '.join(TARGETS)}): copy it there")
    hr = images.open_lazily(source.target)
    if len(hr.axes) != 2:
        raise DfcanError(f"{source.target} holds {len(hr.pixels)} frames, but a target is a single image")
    return hr
