"""Pairs without a microscope: simulated, on request like a user's own images."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dfcan_bmz import images
from dfcan_bmz.data.records import MANIFEST_COLUMNS, new_set, write_records
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.events import SILENT, Events
from dfcan_bmz.files import refuse_input_as_output, sha256
from dfcan_bmz.sets.like import fit_like, like_fingerprints, report_likeness, write_likeness
from dfcan_bmz.simulation.fields import simulate_field, widefield
from dfcan_bmz.simulation.illumination import Illumination, raw_frames
from dfcan_bmz.simulation.settings import Simulation, default_simulation, read_simulation, write_simulation


def simulate(
    out: str | Path,
    structure: str | None = None,
    *,
    pairs: int = 8,
    size: int = 256,
    scale: int = 2,
    levels: int = 3,
    settings: Mapping[str, Any] | None = None,
    like: Sequence[Path] = (),
    config: Path | None = None,
    illumination: Illumination | None = None,
    seed: int = 0,
    overwrite: bool = False,
    events: Events = SILENT,
) -> Path:
    """Simulate pairs of widefield images and targets of higher resolution.

    Parameters
    ----------
    out : str or pathlib.Path
        Folder to write, with ``lr/`` and ``hr/`` in it.
    structure : {"actin", "bundles", "microtubules", "ccps", "er"}, optional
        What is labelled; actin, or that of `config`.
    pairs, size, scale, levels : int
        Fields of view, side of the LR images in pixels, scale factor, light levels of each field.
    settings : mapping, optional
        Values by the names of the options of `dfcan-bmz simulate`, as ``{"na": 1.2, "haze": 0.5}``; they win over
        `like` and `config`.
    like : sequence of pathlib.Path
        Your LR images, files or folders: simulate images like them.
    config : pathlib.Path, optional
        A ``simulation.yaml``, as `like` writes it.
    illumination : dfcan_bmz.simulation.illumination.Illumination, optional
        Stripes: LR images are the raw frames of structured illumination.
    seed : int
        Of specimens and noise.
    overwrite : bool
        Whether an older set is replaced.
    events : dfcan_bmz.events.Events
        Hears of progress and warnings.

    Returns
    -------
    pathlib.Path
        The folder, with ``manifest.csv`` and ``dataset.yaml`` beside the images.

    Raises
    ------
    DfcanError
        If the settings do not fit, or `out` is there already.

    Examples
    --------
    >>> data = dfcan_bmz.simulate("data", "actin", pairs=10)
    >>> dfcan_bmz.train(data / "lr", data / "hr", out="runs/actin")
    """
    out, given = Path(out), dict(settings or {})
    refuse_input_as_output(like, [out / "lr", out / "hr"])
    simulation = _start(like, config, structure).with_values(**given)
    asked = {"structure": structure or "actin", "pairs": pairs, "size": size, "scale": scale, "levels": levels}
    asked |= {"haze": 0.0} | given
    with new_set(out, "simulate", overwrite) as folder:
        found: dict[str, Any] = {}
        if like:
            simulation, found = _fitted(folder, list(like), simulation.structure, given, seed, events)
        elif config:
            simulation = simulation.rounded()
            write_simulation(folder / "simulation.yaml", simulation, dict.fromkeys(given, "given"), {}, {})
        if like or config:
            asked |= {"structure": simulation.structure, "haze": simulation.haze, "config": "simulation.yaml"}
        asked |= {"illumination": illumination._asdict()} if illumination else {}
        rows = [
            row
            for index in events.each(range(pairs), "simulating")
            for row in _write_field(folder, index, simulation, size, scale, levels, seed, illumination)
        ]
        settings = {"command": "simulate", **asked, "seed": seed}
        record = {"settings": settings, "config": _training_config(scale, illumination), **found}
        write_records(folder, rows, record | {"sha256": _checksums(folder)})
    return out


def _checksums(folder: Path) -> dict[str, str]:
    return {file.relative_to(folder).as_posix(): sha256(file) for file in sorted(folder.glob("*r/*.tif"))}


def _training_config(scale: int, illumination: Illumination | None) -> dict[str, Any]:
    """What a training on the set is to know of it."""
    config: dict[str, Any] = {"model": {"scale": scale}, "data": {"target": "own"}}
    if illumination:
        config["model"]["inputs"] = illumination.frames
        config["data"]["angles"] = illumination.angles
    return config


def _fitted(
    folder: Path, like: list[Path], structure: str, given: dict[str, Any], seed: int, events: Events
) -> tuple[Simulation, dict[str, Any]]:
    """Fit a simulation to images, write it, and return it with what ``dataset.yaml`` says of them."""
    likeness = fit_like(like, structure, given, seed, events)
    write_likeness(folder, likeness, like)
    report_likeness(likeness, events)
    return likeness.simulation, {"like": like_fingerprints(likeness.measured)}


def _start(like: Sequence[Path], config: Path | None, structure: str | None) -> Simulation:
    """The simulation that is asked for, before values that are given and before a fit."""
    if config is None:
        return default_simulation(structure or "actin")
    if like:
        raise DfcanError("--like and --config both say what to simulate: give one of them")
    simulation = read_simulation(config)
    if structure not in (None, simulation.structure):
        raise DfcanError(f"{config} is of {simulation.structure}: leave out --structure {structure}")
    return simulation


def _write_field(
    folder: Path,
    index: int,
    simulation: Simulation,
    size: int,
    scale: int,
    levels: int,
    seed: int,
    illumination: Illumination | None,
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
        partial(raw_frames, illumination=illumination) if illumination else widefield,
    )
    pixel_nm, rows = simulation.microscope.pixel_nm, []
    calibration = images.Calibration.square(pixel_nm)
    for level, image in enumerate(lr, 1):
        fov = f"fov{index:03d}"
        name = f"{fov}_level{level:02d}"
        images.write(folder / "lr" / f"{name}.tif", image, "ZYX"[-image.ndim :], calibration)
        images.write(folder / "hr" / f"{name}.tif", hr, calibration=calibration.finer(scale))
        rows.append(dict(zip(MANIFEST_COLUMNS, (name, fov, level, simulation.structure, pixel_nm), strict=True)))
    return rows
