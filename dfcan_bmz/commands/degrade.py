"""``dfcan-bmz degrade``: training pairs from high-resolution images alone."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dfcan_bmz import flaws, images
from dfcan_bmz.commands.degrade_like import CROPS, FittedDegradation, fit_degradation
from dfcan_bmz.commands.like import FAR
from dfcan_bmz.commands.like_images import read_like
from dfcan_bmz.commands.progress import tell_notes, tell_of_others, watched
from dfcan_bmz.data.pairs import new_set, read_manifest, write_records
from dfcan_bmz.data.sampling import block_means
from dfcan_bmz.degradation import PRESETS, Degradation, crop_to_multiple, degrade
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.files import refuse_input_as_output
from dfcan_bmz.simulation.measure import measure


def run(
    hr_dir: Path,
    out: Path,
    scale: int,
    preset: str,
    given: dict[str, Any],
    seed: int,
    overwrite: bool,
    like: list[Path] | None = None,
) -> None:
    psf = given.get("psf")
    settings = PRESETS[preset]._replace(**given | {"psf": None if psf is None else _read_psf(psf)})
    sources = images.find(hr_dir)
    refuse_input_as_output([hr_dir], [out / "lr", out / "hr"])
    manifest = read_manifest(hr_dir) or {}
    # a manifest that pairs files of unequal names names those of the HR images
    known = manifest | {images.name_of(Path(row["hr"])): row for row in manifest.values() if row.get("hr")}
    tell_of_others(hr_dir)
    refuse_input_as_output(like or [], [out / "lr", out / "hr"])
    with new_set(out, "degrade", overwrite) as folder:
        fitted = _fit(list(sources.values()), like, scale, settings, given, seed) if like else None
        settings = fitted.settings if fitted else settings
        rows, notes, noted = [], [], []
        for index, (name, path) in enumerate(watched(sources.items(), "degrading")):
            image = images.open_lazily(path)
            noted += [(path, note) for note in image.notes]
            scalings = flaws.scalings_of(image)
            flaws.refuse_flawed(path, scalings)
            notes += flaws.told(path, scalings, "written blank")
            image = flaws.blanked(image, scalings)
            if min(image.size) < scale:
                raise DfcanError(f"{path} is smaller than one LR pixel: leave it out")
            hr_pixels = crop_to_multiple(np.asarray(image.pixels), scale)
            hr = replace(image, pixels=hr_pixels)
            rng = np.random.default_rng([seed, index])
            planes = [
                block_means(plane, scale) if scaling.flaw else degrade(plane, scale, settings, rng)
                for plane, scaling in zip(np.asarray(hr.planes), scalings, strict=True)
            ]
            lr = np.stack(planes).reshape(*hr_pixels.shape[:-2], *planes[0].shape)
            calibration = hr.calibration.finer(1 / scale)
            images.write(folder / "lr" / f"{name}.tif", lr, hr.axes, calibration)
            images.write(folder / "hr" / f"{name}.tif", images.writable(hr_pixels), hr.axes, hr.calibration)
            # images of one field of view stay together
            row: dict[str, Any] = {"fov": name} | known.get(name, {})
            rows.append(row | {"name": name, "pixel_size_nm": calibration.x_nm or ""})
        record: dict[str, Any] = {"command": "degrade", "scale": scale, "preset": preset}
        if fitted:
            found = {name: getattr(settings, name) for name in fitted.origins if name != "psf"}
            record |= found | {"like": [path.name for path in like or []], "from": fitted.origins}
        record |= {key: value.name if isinstance(value, Path) else value for key, value in given.items()}
        # with light that the HR images do not have, their intensities are no more those of the LR images
        target = "own" if settings.haze or settings.background else "input"
        config = {"model": {"scale": scale}, "data": {"target": target}}
        write_records(folder, rows, {"settings": record | {"seed": seed}, "config": config})
    for note in notes:
        print(f"note: {note}")
    tell_notes(noted)
    print(f"{out}: {len(sources)} pairs, LR {scale} times smaller; train with --lr {out}/lr --hr {out}/hr")


def _fit(
    sources: list[Path], like: list[Path], scale: int, start: Degradation, given: dict[str, Any], seed: int
) -> FittedDegradation:
    measured = measure(read_like(like)[0])
    if not measured.tiles:
        raise DfcanError("--like holds no image that shows anything: give images with a structure in them")
    some = [flaws.first_sound(images.open_lazily(path)) for path in sources[:: -(-len(sources) // CROPS)]]
    fitted = fit_degradation(some, measured, scale, start, given, seed)
    values = ", ".join(
        f"{name} {getattr(fitted.settings, name):.3g} ({origin})" for name, origin in fitted.origins.items()
    )
    print(f"as the images of --like: {values}; difference {fitted.before:.1f} before, {fitted.after:.1f} after")
    if fitted.after > FAR:
        warning = "the degraded images did not come near the real ones: do both show one structure?"
        print(f"warning: {warning}", file=sys.stderr)
    return fitted


def _read_psf(path: Path) -> np.ndarray:
    psf = np.asarray(images.read(path).pixels).astype(float)
    if psf.ndim != 2 or not all(side % 2 for side in psf.shape) or psf.min() < 0 or psf.sum() <= 0:
        raise DfcanError(f"{path} is no point spread function: give one image of odd sides without negative pixels")
    return psf
