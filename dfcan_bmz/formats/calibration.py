"""Where the pixels of an image lie in space and time."""

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class Calibration:
    """Distances of pixels, planes and frames, and where the first pixel lies.

    Whatever a file does not tell is None.

    Attributes
    ----------
    x_nm, y_nm : float or None
        Width and height of a pixel in nanometres.
    z_nm : float or None
        Distance of the planes of a stack along Z in nanometres.
    t_s : float or None
        Interval of the frames of a stack along T in seconds.
    origin_x_nm, origin_y_nm : float or None
        Where the left and the upper edge of the image lie, in nanometres. A finer sampling of the same field leaves
        them where they are, which it does not leave the centre of the first pixel.
    origin_z_nm : float or None
        Where the first plane lies, in nanometres.
    unit : str
        Unit of length that the file used, a key of `dfcan_bmz.formats.units.NANOMETRES`: ImageJ's TIFF, whose every
        length is in one unit, is written in it.

    Examples
    --------
    >>> Calibration.square(60.0).finer(2).x_nm
    30.0
    """

    x_nm: float | None = None
    y_nm: float | None = None
    z_nm: float | None = None
    t_s: float | None = None
    origin_x_nm: float | None = None
    origin_y_nm: float | None = None
    origin_z_nm: float | None = None
    unit: str = "um"

    @classmethod
    def square(cls, side_nm: float | None, z_nm: float | None = None) -> "Calibration":
        """Of pixels that are as wide as they are high."""
        return cls(side_nm, side_nm, z_nm)

    def finer(self, factor: float) -> "Calibration":
        """Of the same field with `factor` times as many pixels per side; a factor below 1 is coarser."""
        return replace(self, x_nm=self.x_nm and self.x_nm / factor, y_nm=self.y_nm and self.y_nm / factor)

    def cropped(self, left: int, top: int) -> "Calibration":
        """Of the image without its first `left` columns and `top` rows."""
        return replace(
            self,
            origin_x_nm=_moved(self.origin_x_nm, self.x_nm, left),
            origin_y_nm=_moved(self.origin_y_nm, self.y_nm, top),
        )

    def of_axes(self, axes: str) -> "Calibration":
        """Without what belongs to planes and frames where `axes` has none."""
        flat = self if "Z" in axes else replace(self, z_nm=None, origin_z_nm=None)
        return flat if "T" in axes else replace(flat, t_s=None)

    def or_else(self, other: "Calibration") -> "Calibration":
        """With what `other` tells where this one tells nothing."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        told |= {name: getattr(other, name) for name, value in told.items() if value is None}
        return Calibration(**told | {"unit": self.unit if self.x_nm is not None else other.unit})


UNKNOWN = Calibration()


def _moved(edge: float | None, size: float | None, pixels: int) -> float | None:
    return edge if edge is None or size is None else edge + pixels * size
