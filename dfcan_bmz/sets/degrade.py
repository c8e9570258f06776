"""Pairs from high-resolution images alone: warped, blurred, downsampled, with noise."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dfcan_bmz import flaws, images
from dfcan_bmz.data.records import new_set, read_manifest, write_records
from dfcan_bmz.data.sampling import block_means
from dfcan_bmz.data.sources import Images, folder_of
from dfcan_bmz.degradation import PRESETS, Degradation, crop_to_multiple
from dfcan_bmz.degradation import degrade as degrade_plane
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.events import SILENT, Events
from dfcan_bmz.files import refuse_input_as_output
from dfcan_bmz.images import Image
from dfcan_bmz.sets.degrade_like import CROPS, FittedDegradation, fit_degradation
from dfcan_bmz.sets.like import FAR, warn_of_flaws
from dfcan_bmz.sets.like_images import read_like
from dfcan_bmz.simulation.measure import measure


def degrade(
    hr: Images,
    out: str | Path,
    scale: int = 2,
    preset: str = "em",
    *,
    settings: Mapping[str, Any] | None = None,
    like: Sequence[Path] = (),
    seed: int = 0,
    overwrite: bool = False,
    events: Events = SILENT,
) -> Path:
    """Make training pairs from high-resolution images.

    Parameters
    ----------
    hr : str, pathlib.Path, numpy.ndarray, or sequence of arrays
        A folder of images, or images (N, Y, X).
    out : str or pathlib.Path
        Folder to write, with ``lr/`` and ``hr/`` in it.
    scale : int
        Scale factor s.
    preset : {"em", "fluorescence"}
        Where the settings begin.
    settings : mapping, optional
        Values by the names of the options of `dfcan-bmz degrade`, as ``{"blur": 1.5, "photons": 200}``.
    like : sequence of pathlib.Path
        Your LR images, files or folders: what `settings` do not give is fitted to them.
    seed : int
        Of noise and misregistration.
    overwrite : bool
        Whether an older set is replaced.
    events : dfcan_bmz.events.Events
        Hears of progress, notes and warnings.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    DfcanError
        If an image or a setting is unfit, or `out` is there already.

    Examples
    --------
    >>> data = dfcan_bmz.degrade("micrographs", "data", scale=2, settings={"blur": 1.5})
    """
    out, given = Path(out), dict(settings or {})
    _refuse_unknown([preset], "preset", PRESETS)
    _refuse_unknown(given, "setting", Degradation._fields)
    psf = given.get("psf")
    chosen = PRESETS[preset]._replace(**given | {"psf": None if psf is None else _read_psf(psf)})
    with folder_of(hr) as hr_dir:
        sources = images.find(hr_dir)
        refuse_input_as_output([hr_dir, *like], [out / "lr", out / "hr"])
        for line in images.left_out(hr_dir):
            events.note(line)
        known = _known_rows(hr_dir)
        with new_set(out, "degrade", overwrite) as folder:
            fitted = _fit(list(sources.values()), like, scale, chosen, given, seed, events) if like else None
            chosen = fitted.settings if fitted else chosen
            rows, noted = [], []
            for index, (name, path) in enumerate(events.each(sources.items(), "degrading")):
                image = images.open_lazily(path)
                noted += [(path, note) for note in image.notes]
                pixel_nm = _write_pair(folder, name, image, scale, chosen, np.random.default_rng([seed, index]), events)
                # images of one field of view stay together
                row: dict[str, Any] = {"fov": name} | known.get(name, {})
                rows.append(row | {"name": name, "pixel_size_nm": pixel_nm or ""})
            write_records(folder, rows, _record(scale, preset, chosen, given, fitted, like, seed))
    events.notes_of(noted)
    return out


def _refuse_unknown(given: Iterable[str], what: str, known: Collection[str]) -> None:
    for name in given:
        if name not in known:
            raise DfcanError(f"a degradation has no {what} {name}: choose from {', '.join(known)}")


def _known_rows(hr_dir: Path) -> dict[str, dict[str, str]]:
    manifest = read_manifest(hr_dir) or {}
    # a manifest that pairs files of unequal names names those of the HR images
    return manifest | {images.name_of(Path(row["hr"])): row for row in manifest.values() if row.get("hr")}


def _write_pair(
    folder: Path,
    name: str,
    image: Image,
    scale: int,
    settings: Degradation,
    rng: np.random.Generator,
    events: Events,
) -> float | None:
    """Degrade an image and write both; the pixel size of the LR image in nanometres."""
    scalings = flaws.scalings_of(image)
    flaws.refuse_flawed(image.path, scalings)
    for line in flaws.told(image.path, scalings, "written blank"):
        events.note(line)
    image = flaws.blanked(image, scalings)
    if min(image.size) < scale:
        raise DfcanError(f"{image.path} is smaller than one LR pixel: leave it out")
    hr_pixels = crop_to_multiple(np.asarray(image.pixels), scale)
    hr = replace(image, pixels=hr_pixels)
    planes = [
        block_means(plane, scale) if scaling.flaw else degrade_plane(plane, scale, settings, rng)
        for plane, scaling in zip(np.asarray(hr.planes), scalings, strict=True)
    ]
    lr = np.stack(planes).reshape(*hr_pixels.shape[:-2], *planes[0].shape)
    calibration = hr.calibration.finer(1 / scale)
    images.write(folder / "lr" / f"{name}.tif", lr, hr.axes, calibration)
    images.write(folder / "hr" / f"{name}.tif", images.writable(hr_pixels), hr.axes, hr.calibration)
    return calibration.x_nm


def _record(
    scale: int,
    preset: str,
    settings: Degradation,
    given: dict[str, Any],
    fitted: FittedDegradation | None,
    like: Sequence[Path],
    seed: int,
) -> dict[str, Any]:
    """Content of ``dataset.yaml``."""
    record: dict[str, Any] = {"command": "degrade", "scale": scale, "preset": preset}
    if fitted:
        found = {name: getattr(settings, name) for name in fitted.origins if name != "psf"}
        record |= found | {"like": [path.name for path in like], "from": fitted.origins}
    record |= {key: value.name if isinstance(value, Path) else value for key, value in given.items()}
    # with light that the HR images do not have, their intensities are no more those of the LR images
    target = "own" if settings.haze or settings.background else "input"
    config = {"model": {"scale": scale}, "data": {"target": target}}
    return {"settings": record | {"seed": seed}, "config": config}


def _fit(
    sources: list[Path],
    like: Sequence[Path],
    scale: int,
    start: Degradation,
    given: dict[str, Any],
    seed: int,
    events: Events,
) -> FittedDegradation:
    measured = measure(read_like(list(like), events)[0])
    if not measured.tiles:
        raise DfcanError("--like holds no image that shows anything: give images with a structure in them")
    warn_of_flaws(measured, events)
    some = [flaws.first_sound(images.open_lazily(path)) for path in sources[:: -(-len(sources) // CROPS)]]
    fitted = fit_degradation(some, measured, scale, start, given, seed, events)
    values = ", ".join(
        f"{name} {getattr(fitted.settings, name):.3g} ({origin})" for name, origin in fitted.origins.items()
    )
    events.tell(f"as the images of --like: {values}; difference {fitted.before:.1f} before, {fitted.after:.1f} after")
    if fitted.after > FAR:
        events.warning("the degraded images do not match the real ones: do both show the same structure?")
    return fitted


def _read_psf(path: Path) -> np.ndarray:
    psf = np.asarray(images.read(path).pixels).astype(float)
    if psf.ndim != 2 or not all(side % 2 for side in psf.shape) or psf.min() < 0 or psf.sum() <= 0:
        raise DfcanError(f"{path} is not a point spread function: give one image with odd sides and no negative pixels")
    return psf
