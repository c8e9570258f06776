"""``dfcan-bmz degrade``: training pairs from high-resolution images alone."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dfcan_bmz import flaws, images
from dfcan_bmz.commands.progress import tell_notes, tell_of_others, watched
from dfcan_bmz.data.pairs import new_set, read_manifest, write_records
from dfcan_bmz.data.sampling import block_means
from dfcan_bmz.degrade import PRESETS, crop_to_multiple, degrade
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.files import refuse_input_as_output


def run(hr_dir: Path, out: Path, scale: int, preset: str, given: dict[str, Any], seed: int, overwrite: bool) -> None:
    settings = PRESETS[preset]._replace(**given)
    if settings.psf is not None:
        settings = settings._replace(psf=_read_psf(settings.psf))
    sources = images.find(hr_dir)
    refuse_input_as_output([hr_dir], [out / "lr", out / "hr"])
    manifest = read_manifest(hr_dir) or {}
    # a manifest that pairs files of unequal names names those of the HR images
    known = manifest | {images.name_of(Path(row["hr"])): row for row in manifest.values() if row.get("hr")}
    tell_of_others(hr_dir)
    with new_set(out, "degrade", overwrite) as folder:
        rows, notes, noted = [], [], []
        for index, (name, path) in enumerate(watched(sources.items(), "degrading")):
            image = images.open_lazily(path)
            noted += [(path, note) for note in image.notes]
            scalings = flaws.scalings_of(image)
            flaws.refuse_flawed(path, scalings)
            notes += flaws.told(path, scalings, "written blank")
            image = flaws.blanked(image, scalings)
            if min(image.pixels.shape[-2:]) < scale:
                raise DfcanError(f"{path} is smaller than one LR pixel: leave it out")
            hr = replace(image, pixels=crop_to_multiple(image.pixels, scale))
            rng = np.random.default_rng([seed, index])
            planes = [
                block_means(plane, scale) if scaling.flaw else degrade(plane, scale, settings, rng)
                for plane, scaling in zip(hr.planes, scalings, strict=True)
            ]
            lr = np.stack(planes).reshape(*hr.pixels.shape[:-2], *planes[0].shape)
            calibration = hr.calibration.finer(1 / scale)
            images.write(folder / "lr" / f"{name}.tif", lr, hr.axes, calibration)
            images.write(folder / "hr" / f"{name}.tif", images.writable(hr.pixels), hr.axes, hr.calibration)
            # images of one field of view stay together
            row = {"fov": name} | known.get(name, {})
            rows.append(row | {"name": name, "pixel_size_nm": calibration.x_nm or ""})
        record = {"command": "degrade", "scale": scale, "preset": preset}
        record |= {key: value.name if isinstance(value, Path) else value for key, value in given.items()}
        config = {"model": {"scale": scale}, "data": {"target": "input"}}
        write_records(folder, rows, {"settings": record | {"seed": seed}, "config": config})
    for note in notes:
        print(f"note: {note}")
    tell_notes(noted)
    print(f"{out}: {len(sources)} pairs, LR {scale} times smaller; train with --lr {out}/lr --hr {out}/hr")


def _read_psf(path: Path) -> np.ndarray:
    psf = images.read(path).pixels.astype(float)
    if psf.ndim != 2 or not all(side % 2 for side in psf.shape) or psf.min() < 0 or psf.sum() <= 0:
        raise DfcanError(f"{path} is no point spread function: give one image of odd sides without negative pixels")
    return psf
