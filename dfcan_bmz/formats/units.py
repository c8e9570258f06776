"""Axes and lengths as files name them."""

import math
from pathlib import Path
from typing import Any

from dfcan_bmz.errors import DfcanError

NANOMETRES = {
    "pm": 1e-3,
    "å": 0.1,
    "angstrom": 0.1,
    "nm": 1.0,
    "nanometer": 1.0,
    "um": 1e3,
    "µm": 1e3,  # micro sign
    "μm": 1e3,  # Greek mu
    "\\u00b5m": 1e3,  # as ImageJ writes it
    "micron": 1e3,
    "microns": 1e3,
    "micrometer": 1e3,
    "mm": 1e6,
    "millimeter": 1e6,
    "cm": 1e7,
    "centimeter": 1e7,
    "m": 1e9,
    "meter": 1e9,
    "inch": 2.54e7,
}


def length_nm(value: Any, unit: Any) -> float | None:
    """Length in nanometres; None where it is no positive number or the unit is unknown."""
    factor = NANOMETRES.get(str(unit).strip().lower())
    try:
        length = float(value)
    except (TypeError, ValueError):
        return None
    return length * factor if factor and math.isfinite(length) and length > 0 else None


def tidy_axes(path: Path, axes: str, shape: tuple[int, ...]) -> tuple[str, list[int]]:
    """Name the axes of an image or stack once those of length one are gone.

    Parameters
    ----------
    path : pathlib.Path
        The file, for errors.
    axes : str
        One letter an axis, as TIFF and OME have them.
    shape : tuple of int
        Their lengths.

    Returns
    -------
    axes : str
        ``"YX"``, or axes before these, as in ``"ZYX"`` or ``"TCZYX"``; a single one of another name counts as Z.
    places : list of int
        Where these axes are among those of the file.

    Raises
    ------
    DfcanError
        If Y and X are not the last, or one of several before them is not T, Z or C.
    """
    places = [place for place, size in enumerate(shape) if size > 1 or axes[place] in "YX"]
    kept = "".join(axes[place] for place in places)
    if kept[-2:] != "YX" or (len(kept) > 3 and not set(kept[:-2]) <= set("TZC")):
        raise DfcanError(f"{path} has axes {kept}: give images (Y, X) or stacks (Z or T, Y, X)")
    return (kept if len(kept) != 3 or kept[0] in "ZTC" else "ZYX"), places
