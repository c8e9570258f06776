"""``dfcan-bmz simulate``: pairs without a microscope."""

from pathlib import Path
from typing import Any

import numpy as np

from dfcan_bmz import images
from dfcan_bmz.commands.progress import watched
from dfcan_bmz.data.pairs import MANIFEST_COLUMNS, new_set, write_records
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.files import sha256
from dfcan_bmz.simulate.fields import BIOSR, simulate_field
from dfcan_bmz.simulate.structures import STRUCTURES


def run(
    out: Path,
    structure: str,
    pairs: int,
    size: int,
    scale: int,
    levels: int,
    haze: float,
    seed: int,
    overwrite: bool,
    **given: Any,
) -> None:
    """Simulate a set; `given` are the attributes of the microscope that differ from BioSR's."""
    microscope = BIOSR._replace(**given)
    if structure not in STRUCTURES:
        raise DfcanError(f"--structure {structure} is not known: choose from {', '.join(STRUCTURES)}")
    pixel_nm = microscope.pixel_nm
    calibration = images.Calibration.square(pixel_nm)
    with new_set(out, "simulate", overwrite) as folder:
        rows = []
        for index in watched(range(pairs), "simulating"):
            # a generator for each field: more fields leave the first ones as they were
            hr, lr = simulate_field(
                structure, size, scale, levels, haze, np.random.default_rng([seed, index]), microscope
            )
            for level, image in enumerate(lr, 1):
                fov = f"fov{index:03d}"
                name = f"{fov}_level{level:02d}"
                images.write(folder / "lr" / f"{name}.tif", image, calibration=calibration)
                images.write(folder / "hr" / f"{name}.tif", hr, calibration=calibration.finer(scale))
                rows.append(dict(zip(MANIFEST_COLUMNS, (name, fov, level, structure, pixel_nm), strict=True)))
        settings = {
            "structure": structure,
            "pairs": pairs,
            "size": size,
            "scale": scale,
            "levels": levels,
            "haze": haze,
        }
        checksums = {file.relative_to(folder).as_posix(): sha256(file) for file in sorted(folder.glob("*r/*.tif"))}
        dataset = {
            "settings": {"command": "simulate", **settings, **given, "seed": seed},
            "config": {"model": {"scale": scale}, "data": {"target": "own"}},
            "sha256": checksums,
        }
        write_records(folder, rows, dataset)
    print(f"{out}: {pairs} fields x {levels} light levels; train with --lr {out}/lr --hr {out}/hr")
