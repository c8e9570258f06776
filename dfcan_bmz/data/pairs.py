"""Pairs on disk, and their split by field of view.

::

    DIR/
      lr/fov000.tif ...    low resolution
      hr/fov000.tif ...    high resolution, s times as many pixels per side, equal names
      manifest.csv, dataset.yaml   optional, see `dfcan_bmz.data.records`
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dfcan_bmz import images
from dfcan_bmz.config import Config
from dfcan_bmz.data.records import beside, pixel_size_nm, read_manifest
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images import Calibration, Frames, Image
from dfcan_bmz.names import legible

AS_PAIRED = Frames(number=0)  # as many frames as a pair has


@dataclass(frozen=True)
class Pair:
    """Files of one pair.

    Attributes
    ----------
    name : str
        Of the pair.
    fov : str
        Pairs of one `fov` show the same field of view, at several light levels perhaps.
    lr, hr : pathlib.Path
        The images.
    pixel_size_nm : float or None
        Side of an LR pixel as the manifest has it, for files that do not say; None where it does not say either.
    """

    name: str
    fov: str
    lr: Path
    hr: Path
    pixel_size_nm: float | None = None


def find_pairs(lr_dir: Path, hr_dir: Path) -> list[Pair]:
    """Pair the images of two folders by name.

    Returns
    -------
    list of Pair
        Sorted by name; fields of view from ``manifest.csv`` beside the LR folder, else one field a file.

    Raises
    ------
    DfcanError
        If a folder is missing or empty, a name has no partner, or the manifest lacks a name or has one twice.
    """
    pairs, problems = match(lr_dir, hr_dir)
    if problems:
        raise DfcanError(problems[0])
    return pairs


def match(lr_dir: Path, hr_dir: Path) -> tuple[list[Pair], list[str]]:
    """Pair the images of two folders as far as they have partners, and report those that have none.

    Images are partners if they share a name, or if a row of the manifest has their file names as its `lr` and `hr`.
    """
    lr, hr = images.find(lr_dir), images.find(hr_dir)
    manifest = read_manifest(lr_dir)
    file, problems, pairs = beside(lr_dir, "manifest.csv"), [], []
    for row in (manifest or {}).values():
        if row.get("lr") and row.get("hr"):
            files = _file(lr_dir, row["lr"]), _file(hr_dir, row["hr"])
            pair = Pair(row["name"], row["fov"], *files, pixel_size_nm(row, file))
            problems += [
                f"{file} names {path.name} for {pair.name}, which is not in {path.parent}: correct it"
                for path in (pair.lr, pair.hr)
                if not path.exists()
            ]
            pairs.append(pair)
    told = {path for pair in pairs for path in (pair.lr, pair.hr)}
    lr, hr = ({name: path for name, path in found.items() if path not in told} for found in (lr, hr))
    lonely = [(hr_dir, name) for name in lr if name not in hr] + [(lr_dir, name) for name in hr if name not in lr]
    problems += [
        f"{name} has no partner in {missing_in}: each LR image needs an HR image of the same name"
        for missing_in, name in lonely
    ]
    names = [name for name in lr if name in hr]
    problems += [
        f"{file} calls {pair.lr.name} and {pair.hr.name} {pair.name}, as other files are called: give them another name"
        for pair in pairs
        if pair.name in names
    ]
    if manifest is not None:
        problems += [f"{file} does not list {name}: add its row" for name in names if name not in manifest]
    rows = {name: (manifest or {}).get(name, {"name": name, "fov": name}) for name in names}
    pairs += [Pair(name, row["fov"], lr[name], hr[name], pixel_size_nm(row, file)) for name, row in rows.items()]
    return sorted(pairs, key=lambda pair: pair.name), problems


def scale_between(lr: Image, hr: Image) -> int:
    """Scale factor of a pair.

    Raises
    ------
    DfcanError
        If the HR image is not 2, 3 or 4 times the LR image.
    """
    if scale := _times(lr, hr):
        return scale
    _refuse_swapped(lr, hr)
    raise DfcanError(f"{hr.path} is {hr.pixels.shape}, no 2, 3 or 4 times {lr.pixels.shape}: is it of the same field?")


def frames_asked(config: Config) -> Frames:
    """How LR files hold images, as a config tells; a count of 0 leaves it to each pair how many frames it has."""
    count = 0 if config.data.frames == "mean" else config.model.inputs
    return Frames(count, config.data.order, config.data.angles)


def _times(lr: Image, hr: Image) -> int | None:
    """2, 3 or 4 if an image has so many times the pixels a side of the other."""
    if lr.stack != hr.stack:
        return None
    shapes = {tuple(scale * length for length in lr.size): scale for scale in (2, 3, 4)}
    return shapes.get(hr.size)


def _refuse_swapped(lr: Image, hr: Image) -> None:
    if scale := _times(hr, lr):
        raise DfcanError(
            f"{lr.path}, given as low resolution, has {scale} times as many pixels per side as {hr.path}: "
            "swap --lr and --hr"
        )


def open_any(pair: Pair, frames: Frames = AS_PAIRED) -> tuple[Image, Image]:
    """Open both images of a pair, whatever its scale factor; of `frames` without a count, as many as the pair has.

    That is so many as its LR file has planes for each plane of its HR file.
    """
    hr = images.open_lazily(pair.hr)
    count = frames.number or max(1, len(images.open_planes(pair.lr).planes) // len(hr.planes))
    lr = images.open_lazily(pair.lr, frames._replace(number=count))
    return replace(lr, calibration=lr.calibration.or_else(Calibration.square(pair.pixel_size_nm))), hr


def pair_scale(pair: Pair) -> int:
    """Scale factor of a pair on disk, of which only the sizes are read."""
    return scale_between(*open_any(pair, images.SINGLE))


def open_pair(pair: Pair, scale: int, frames: Frames = images.SINGLE) -> tuple[Image, Image]:
    """Open both images of a pair without reading their pixels; a pixel size that the LR file lacks is the manifest's.

    Parameters
    ----------
    pair : Pair
        The files.
    scale : int
        Scale factor s.
    frames : Frames
        How the LR file holds its images; a count of 0: as many frames as the pair has.

    Raises
    ------
    DfcanError
        If one cannot be opened, or the HR image is not `scale` times the LR image.
    """
    lr, hr = open_any(pair, frames)
    found = _times(lr, hr)
    if found != scale:
        _refuse_swapped(lr, hr)
        _refuse_other_frames(pair, frames, scale)
        expected = (*lr.stack, *(size * scale for size in lr.size))
        advice = f"this is scale {found}: train with --set model.scale={found}" if found else "crop or resample it"
        raise DfcanError(f"{pair.hr} has shape {hr.pixels.shape}, but {scale} x {pair.lr.name} is {expected}: {advice}")
    return lr, hr


def _refuse_other_frames(pair: Pair, frames: Frames, scale: int) -> None:
    lr, hr = open_any(pair, frames._replace(number=0))
    if lr.frames > 1 and _times(lr, hr) == scale:
        raise DfcanError(
            f"{pair.lr} has {lr.frames} planes for each of {pair.hr.name}: if they are frames of one image, train with "
            f"--set model.inputs={lr.frames}, or on their mean with --set data.frames=mean"
        )


def split(pairs: list[Pair], validation: float | list[str], rng: np.random.Generator) -> tuple[list[Pair], list[Pair]]:
    """Split pairs into training and validation by field of view, so that no field is in both.

    Parameters
    ----------
    pairs : list of Pair
        All pairs.
    validation : float or list of str
        Share of the fields of view (at least one field), or names of images or fields.
    rng : numpy.random.Generator
        Draws the fields.

    Raises
    ------
    DfcanError
        If there is one field only, a name is unknown, or nothing is left to train on.
    """
    fovs = sorted({pair.fov for pair in pairs})
    if len(fovs) < 2:
        raise DfcanError("there is only one field of view: give at least two, one is kept for validation")
    if isinstance(validation, list):
        chosen = set()
        for name in validation:
            matches = {pair.fov for pair in pairs if legible(name) in (pair.name, pair.fov, legible(pair.lr.name))}
            if not matches:
                raise DfcanError(
                    f"data.validation names {name}, which is not an image: names are {fovs[0]}, {fovs[1]} ..."
                )
            chosen |= matches
    else:
        if not 0 < validation < 1:
            raise DfcanError(f"data.validation is {validation}: give a fraction between 0 and 1, or image names")
        count = min(max(1, round(validation * len(fovs))), len(fovs) - 1)
        chosen = set(rng.permutation(fovs)[:count].tolist())
    held_out = [pair for pair in pairs if pair.fov in chosen]
    rest = [pair for pair in pairs if pair.fov not in chosen]
    if not rest or not held_out:
        raise DfcanError("data.validation leaves nothing to train on or to validate on: name some of the images")
    return rest, held_out


def _file(folder: Path, name: str) -> Path:
    """A file by the name that a manifest has for it, which may differ from its own in Unicode's form."""
    alike = [path for path in folder.iterdir() if legible(path.name) == legible(name)]
    return folder / name if (folder / name).exists() or not alike else alike[0]
