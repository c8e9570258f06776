"""``dfcan-bmz predict``: images to super-resolved images."""

from pathlib import Path

import numpy as np

from dfcan_bmz import files, images
from dfcan_bmz.commands.opening import open_model
from dfcan_bmz.commands.progress import watched
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.images import Image
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.prediction.tiles import Predictor, predict_plane


def run(model: Path, inputs: list[Path], out: Path, intensity: str, overwrite: bool) -> None:
    sources = _sources(inputs)
    targets = {path: out / f"{path.stem}.tif" for path in sources}
    if len(set(targets.values())) < len(targets):
        raise DfcanError("two inputs share a name, their outputs would overwrite each other: predict them separately")
    if out.is_file():
        raise DfcanError(f"{out} is a file: give a folder as --out")
    files.refuse_existing(targets.values(), overwrite)
    files.refuse_input_as_output(sources, targets.values())
    problems = {path: problem for path in watched(sources, "checking") if (problem := _problem(path))}
    if len(problems) == len(sources):
        raise DfcanError(next(iter(problems.values())))
    predictor = open_model(model)
    readable = [path for path in sources if path not in problems]
    for source in watched(readable, "predicting"):
        image = images.read(source)
        with files.atomic_path(targets[source]) as path:
            size = image.pixel_size_nm and image.pixel_size_nm / predictor.scale
            images.write(path, _predict(predictor, image, intensity), image.axes, size)
    note = ", approximate: the targets of the training had units of their own" if predictor.target == "own" else ""
    meaning = "0..1" if intensity == "unit" else f"the input's{note}"
    print(f"{out}: {len(readable)} images, {predictor.scale} x as many pixels a side, intensities {meaning}")
    if problems:
        reasons = "; ".join(problems.values())
        raise UnfinishedError(f"{len(problems)} of {len(sources)} images were left out: {reasons}")


def _sources(inputs: list[Path]) -> list[Path]:
    found = []
    for path in inputs:
        found += images.find(path).values() if path.is_dir() else [path]
    return found


def _problem(path: Path) -> str | None:
    """Why an image cannot be predicted; None if it can."""
    try:
        images.refuse_constant(images.read(path))
    except DfcanError as error:
        return str(error)
    return None


def _predict(predictor: Predictor, image: Image, intensity: str) -> np.ndarray:
    planes = []
    for plane in image.planes:
        predicted = predict_plane(predictor, plane)
        planes.append(scaling_of(plane).undo(predicted) if intensity == "keep" else predicted)
    return np.stack(planes).reshape(*image.pixels.shape[:-2], *planes[0].shape)
