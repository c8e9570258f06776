"""What is known of a prepared image, for the way back: ``NAME.prepared.json`` beside ``NAME.h5``."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.ilastik.layout import Layout, layout
from dfcan_bmz.images import Calibration
from dfcan_bmz.model import Model, unread
from dfcan_bmz.normalize import Scaling

ENDING = ".prepared.json"


class Prepared(BaseModel):
    """A prepared image.

    Attributes
    ----------
    file : str
        Name of the prepared image, in the folder of this record.
    source : str
        Name of the image's own file.
    axes : str
        Of the image, e.g. ``"ZYX"``.
    shape : tuple of int
        Lengths of these axes in pixels.
    dtype : str
        Type of the image's pixels.
    calibration : Calibration
        As the image's file tells it.
    scalings : list of Scaling
        Percentiles of each plane.
    model, sha256, target : str
        Name and checksum of the companion bundle, and what its 0..1 means.
    scale, tile, halo : int
        Of the companion, in LR pixels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    file: str
    source: str
    axes: str
    shape: tuple[int, ...]
    dtype: str
    calibration: Calibration
    scalings: list[Scaling]
    model: str
    sha256: str
    target: str
    scale: int
    tile: int
    halo: int

    @property
    def sound_planes(self) -> list[int]:
        """Planes that can be normalised, by index; the others are blank."""
        return [index for index, scaling in enumerate(self.scalings) if not scaling.flaw]

    @property
    def layouts(self) -> tuple[Layout, Layout]:
        """Of the rows and of the columns."""
        rows, columns = (layout(length, self.tile, self.halo) for length in self.shape[-2:])
        return rows, columns

    @property
    def prepared_shape(self) -> tuple[int, ...]:
        """Of the prepared image, in its own pixels."""
        return *self.shape[:-2], *(self.scale * len(axis.source) for axis in self.layouts)

    @property
    def predictor(self) -> Model:
        """The model without its network, for what an output says of itself."""
        return Model(
            self.model, unread, self.scale, self.tile, self.halo, self.target, smoothing_px=None, sha256=self.sha256
        )


def read_records(folder: Path) -> dict[str, Prepared]:
    """Records of the prepared images of a folder, by the names of the images they were made of.

    Raises
    ------
    DfcanError
        If there are none, or one is not legible.
    """
    found = {}
    for path in sorted(folder.glob(f"*{ENDING}")):
        try:
            found[path.name.removesuffix(ENDING)] = Prepared.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise DfcanError(f"{path} cannot be read: prepare the image again") from error
    if not found:
        raise DfcanError(f"{folder} holds no {ENDING}: give the --out of `dfcan-bmz ilastik prepare` as --prepared")
    return found
