"""``dfcan-bmz degrade``: training pairs from high-resolution images alone."""

from pathlib import Path

import numpy as np

from dfcan_bmz import images
from dfcan_bmz.commands.progress import watched
from dfcan_bmz.config import write_yaml
from dfcan_bmz.degrade import crop_to_multiple, degrade
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.files import new_folder


def run(hr_dir: Path, out: Path, scale: int, blur: float, noise: float, seed: int, overwrite: bool) -> None:
    sources = images.find(hr_dir)
    with new_folder(out, overwrite) as folder:
        (folder / "lr").mkdir()
        (folder / "hr").mkdir()
        for index, (name, path) in enumerate(watched(sources.items(), "degrading")):
            image = images.read(path)
            images.refuse_constant(image)
            if min(image.pixels.shape[-2:]) < scale:
                raise DfcanError(f"{path} is smaller than one LR pixel: leave it out")
            hr = crop_to_multiple(image.pixels, scale)
            rng = np.random.default_rng([seed, index])
            planes = [degrade(plane, scale, blur, noise, rng) for plane in hr.reshape(-1, *hr.shape[-2:])]
            lr = np.stack(planes).reshape(*hr.shape[:-2], *planes[0].shape)
            lr_size = image.pixel_size_nm and image.pixel_size_nm * scale
            images.write(folder / "lr" / f"{name}.tif", lr, image.axes, lr_size)
            images.write(folder / "hr" / f"{name}.tif", _writable(hr), image.axes, image.pixel_size_nm)
        settings = {"command": "degrade", "scale": scale, "blur": blur, "noise": noise, "seed": seed}
        config = {"model": {"scale": scale}, "data": {"target": "input"}}
        write_yaml(folder / "dataset.yaml", {"settings": settings, "config": config})
    print(f"{out}: {len(sources)} pairs, LR {scale} times smaller; train with --lr {out}/lr --hr {out}/hr")


def _writable(pixels: np.ndarray) -> np.ndarray:
    """ImageJ knows 8-bit, 16-bit and float32 only."""
    return pixels if pixels.dtype in (np.uint8, np.uint16) else pixels.astype(np.float32)
