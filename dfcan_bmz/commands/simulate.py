"""``dfcan-bmz simulate``: pairs without a microscope."""

from pathlib import Path
from typing import Any

import numpy as np

from dfcan_bmz import images
from dfcan_bmz.commands.like import fit_like, like_fingerprints, tell, write_likeness
from dfcan_bmz.commands.progress import watched
from dfcan_bmz.data.pairs import MANIFEST_COLUMNS, new_set, write_records
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.files import refuse_input_as_output, sha256
from dfcan_bmz.simulation.fields import simulate_field
from dfcan_bmz.simulation.settings import Simulation, default_simulation, read_simulation, write_simulation


def run(
    out: Path,
    structure: str | None,
    pairs: int,
    size: int,
    scale: int,
    levels: int,
    haze: float | None,
    seed: int,
    overwrite: bool,
    like: list[Path] | None = None,
    config: Path | None = None,
    **given: Any,
) -> None:
    """Simulate a set; `given` are values by the names of `Simulation`, which win over `like` and `config`."""
    if like and config:
        raise DfcanError("--like and --config both say what to simulate: give one of them")
    refuse_input_as_output(like or [], [out / "lr", out / "hr"])
    told = given if haze is None else given | {"haze": haze}
    settings = {"structure": structure or "actin", "pairs": pairs, "size": size, "scale": scale, "levels": levels}
    settings |= {"haze": haze or 0.0} | given
    simulation = _told(config, structure) if config else default_simulation(structure or "actin")
    simulation = simulation.with_values(**told)
    dataset: dict[str, Any] = {"config": {"model": {"scale": scale}, "data": {"target": "own"}}}
    with new_set(out, "simulate", overwrite) as folder:
        if like:
            likeness = fit_like(like, simulation.structure, told, seed)
            simulation = likeness.simulation
            write_likeness(folder, likeness, like)
            tell(likeness, print)
            dataset["like"] = like_fingerprints(likeness.measured)
        elif config:
            simulation = simulation.rounded()
            write_simulation(folder / "simulation.yaml", simulation, dict.fromkeys(told, "given"), {}, {})
        if like or config:
            settings |= {"structure": simulation.structure, "haze": simulation.haze, "config": "simulation.yaml"}
        rows = [
            row
            for index in watched(range(pairs), "simulating")
            for row in _write_field(folder, index, simulation, size, scale, levels, seed)
        ]
        checksums = {file.relative_to(folder).as_posix(): sha256(file) for file in sorted(folder.glob("*r/*.tif"))}
        record = {"settings": {"command": "simulate", **settings, "seed": seed}} | dataset
        write_records(folder, rows, record | {"sha256": checksums})
    print(f"{out}: {pairs} fields x {levels} light levels; train with --lr {out}/lr --hr {out}/hr")


def _told(config: Path, structure: str | None) -> Simulation:
    simulation = read_simulation(config)
    if structure not in (None, simulation.structure):
        raise DfcanError(f"{config} is of {simulation.structure}: leave out --structure {structure}")
    return simulation


def _write_field(
    folder: Path, index: int, simulation: Simulation, size: int, scale: int, levels: int, seed: int
) -> list[dict[str, Any]]:
    """Simulate and write one field of view at all light levels; its rows of the manifest."""
    # a generator for each field: more fields leave the first ones as they were
    hr, lr = simulate_field(
        simulation.structure,
        size,
        scale,
        levels,
        simulation.haze,
        np.random.default_rng([seed, index]),
        simulation.microscope,
        simulation.specimen,
        simulation.camera,
    )
    pixel_nm, rows = simulation.microscope.pixel_nm, []
    calibration = images.Calibration.square(pixel_nm)
    for level, image in enumerate(lr, 1):
        fov = f"fov{index:03d}"
        name = f"{fov}_level{level:02d}"
        images.write(folder / "lr" / f"{name}.tif", image, calibration=calibration)
        images.write(folder / "hr" / f"{name}.tif", hr, calibration=calibration.finer(scale))
        rows.append(dict(zip(MANIFEST_COLUMNS, (name, fov, level, simulation.structure, pixel_nm), strict=True)))
    return rows
