"""One image to predict: what is asked for, and what its output is, says of itself and is known by."""

import hashlib
import json
import math
from dataclasses import astuple, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from dfcan_bmz import files
from dfcan_bmz.errors import UnfinishedError
from dfcan_bmz.images import Image
from dfcan_bmz.model import Model
from dfcan_bmz.names import legible
from dfcan_bmz.normalize import HIGH_PERCENTILE, LOW_PERCENTILE, Scaling
from dfcan_bmz.prediction.tiles import count_tiles

LARGEST_CHUNK_PX = 1024
PREDICTED = "Predicted, not measured: super-resolved"  # what an output is known by


@dataclass(frozen=True)
class Options:
    """How images are predicted into files.

    Attributes
    ----------
    intensity : {"unit", "keep"}
        0..1, or that mapped to the input's percentiles.
    dtype : {"float32", "uint16"}
        Of the pixels; uint16 of unit intensities has 0..65535 for 0..1.
    precision, engine, blend, trusted, ensemble
        As `dfcan_bmz.open_model` has them.
    file_format : {"tif", "zarr"}
        Of the outputs.
    scheduler, workers : str and int
        A dask cluster, and how many processes a local one has; None for this process alone.
    resume, overwrite : bool
        Whether outputs that are done are kept, or replaced.
    dry_run : bool
        Whether to report only what it would take.
    """

    intensity: str = "unit"
    dtype: str = "float32"
    precision: str = "float32"
    engine: str = "auto"
    blend: int = 0
    file_format: str = "tif"
    scheduler: str | None = None
    workers: int = 2
    resume: bool = False
    overwrite: bool = False
    trusted: bool = False
    ensemble: bool = False
    dry_run: bool = False


DEFAULT = Options()


@dataclass(frozen=True)
class Job:
    """An image, the model that predicts it, and where its output goes.

    Attributes
    ----------
    model : Model
        The model.
    image : Image
        Read or opened lazily.
    scalings : list of Scaling
        Of each plane; a plane that cannot be normalised is blank in the output.
    target : pathlib.Path
        ``*.tif`` or ``*.ome.zarr``; it is replaced when the prediction is complete, and not before.
    options : Options
        What is asked for.
    """

    model: Model
    image: Image
    scalings: list[Scaling]
    target: Path
    options: Options = DEFAULT

    @cached_property
    def fingerprint(self) -> str:
        """Name of the prediction: a partial output of another one must not be continued."""
        left_out = ("network", "smoothing_px")
        fed = [None if name in left_out else value for name, value in self.model._asdict().items()]
        asked = [self.options.intensity, self.options.dtype, self.options.precision]
        known = [self.image.pixels.shape, astuple(self.image.calibration), str(self.image.path.resolve())]
        made_of = [fed, asked, self.scalings, *known, *files.stamp(self.image.path)]
        return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the output: the image's axes before Y and X, and (sY, sX)."""
        height, width = self.image.size
        return *(self.image.leading or self.image.stack), self.model.scale * height, self.model.scale * width

    @property
    def nbytes(self) -> int:
        """Bytes of the output's pixels."""
        return math.prod(self.shape) * np.dtype(self.options.dtype).itemsize

    @property
    def memory_bytes(self) -> int:
        """Bytes that predicting the image takes beside the software."""
        band = 4 * 4 * self.model.scale * self.model.tile * self.shape[-1]  # sums, a copy, what is written
        return band + (self.image.pixels.nbytes if self.image.path.suffix.lower() == ".png" else 0)

    @property
    def sound_planes(self) -> list[int]:
        """Planes that can be normalised, by index."""
        return [index for index, scaling in enumerate(self.scalings) if not scaling.flaw]

    @property
    def tiles(self) -> int:
        """How many tiles the image takes."""
        return len(self.sound_planes) * count_tiles(self.model, self.image.size)

    @property
    def notes(self) -> str:
        """What the output says of itself."""
        ranges = "; ".join("blank" if one.flaw else f"{one.low:.6g} to {one.high:.6g}" for one in self.scalings)
        return "\n".join(
            [
                *how_made(self.model, self.options),
                f"Source: {legible(self.image.path.name)}",
                f"Percentiles {LOW_PERCENTILE} and {HIGH_PERCENTILE} of its planes: {ranges}",
            ]
        )


def how_made(model: Model, options: Options) -> list[str]:
    """Those lines of an output's notes that all outputs of one prediction share."""
    between = f"between the percentiles {LOW_PERCENTILE} and {HIGH_PERCENTILE} of a plane"
    meaning = {
        ("unit", "float32"): f"0..1 {between}",
        ("unit", "uint16"): f"0..65535 {between}",
        ("keep", "float32"): "the input's",
        ("keep", "uint16"): "the input's, rounded",
    }[options.intensity, options.dtype]
    if options.intensity == "keep":
        meaning += reservation(model)
    turned = f"; mean of {model.orientations} orientations" if model.orientations > 1 else ""
    return [
        f"{PREDICTED} x{model.scale} by dfcan-bmz",
        f"Model: {model.name}, sha256 {model.sha256}",
        f"Tiles of {model.tile} px, halo {model.halo}, blend {model.blend}; {options.precision}{turned}",
        f"Intensities: {meaning}",
    ]


def reservation(model: Model) -> str:
    """What is to be said of intensities that are mapped to the input's: nothing where the training's were alike."""
    return ", approximate: the targets of the training had units of their own" if model.target == "own" else ""


def chunk_side(model: Model) -> int:
    """Side of the chunks of an OME-Zarr output: as many whole tiles as fit, so that a chunk needs no other's tiles."""
    kept = model.scale * (model.tile - 2 * model.halo)
    return kept * max(1, LARGEST_CHUNK_PX // kept)


def encode(unit: np.ndarray, scaling: Scaling, options: Options, plane: str) -> tuple[np.ndarray, int]:
    """Intensities of about 0..1 as they are asked for, and how many pixels had to be clipped.

    Raises
    ------
    UnfinishedError
        If one is not finite; it calls the plane `plane`.
    """
    values = scaling.undo(unit) if options.intensity == "keep" else unit
    if not np.isfinite(values).all():
        raise UnfinishedError(f"{plane}: the network returns NaN or infinity: try another image, or another model")
    if options.dtype == "float32":
        return values, 0
    top = np.iinfo(np.uint16).max
    rounded = np.rint(values if options.intensity == "keep" else values * np.float32(top))
    clipped = int(np.count_nonzero((rounded < 0) | (rounded > top)))
    return np.clip(rounded, 0, top).astype(np.uint16), clipped
