"""Axes, lengths and times as files name them."""

import math
from pathlib import Path
from typing import Any

from dfcan_bmz.errors import DfcanError

NANOMETRES = {
    "pm": 1e-3,
    "angstrom": 0.1,
    "nm": 1.0,
    "um": 1e3,
    "mm": 1e6,
    "cm": 1e7,
    "m": 1e9,
    "inch": 2.54e7,
}
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
SPELLINGS = {
    "å": "angstrom",
    "a": "angstrom",
    "angstroms": "angstrom",
    "ångström": "angstrom",
    "micron": "um",
    "microns": "um",
    "in": "inch",
    "inches": "inch",
    "sec": "s",
    "second": "s",
    "seconds": "s",
    "secs": "s",
    "msec": "ms",
    "usec": "us",
    "minute": "min",
    "minutes": "min",
    "hour": "h",
    "hours": "h",
    "hr": "h",
    "day": "d",
    "days": "d",
}
PREFIXES = {"pico": "p", "nano": "n", "micro": "u", "milli": "m", "centi": "c", "": ""}
SPELLINGS |= {
    f"{prefix}{word}": f"{short}{symbol}"
    for prefix, short in PREFIXES.items()
    for symbol, words in (("m", ("meter", "metre", "meters", "metres")), ("s", ("second", "seconds")))
    for word in words
}
MICRO = (
    "âµ",
    "µ",
    "μ",
    "\\u00b5",
    "\\u03bc",
)  # as UTF-8 read as Latin-1, the micro sign, mu, and as ImageJ writes both


def unit_named(name: Any) -> str:
    """A unit as `NANOMETRES` and `SECONDS` call it, whatever spelling a file has for it: ``"um"`` for ``"µm"``."""
    text = str(name).strip().strip("\0").lower()
    for micro in MICRO:
        text = text.replace(micro, "u")
    return SPELLINGS.get(text, text)


def number(value: Any) -> float | None:
    """A finite number, else None."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def length_nm(value: Any, unit: Any) -> float | None:
    """A distance in nanometres; None where it is no positive number or the unit is unknown."""
    return _positive(place_nm(value, unit))


def place_nm(value: Any, unit: Any) -> float | None:
    """A place, which may be negative, in nanometres; None where it is no number or the unit is unknown."""
    return _product(value, NANOMETRES.get(unit_named(unit)))


def time_s(value: Any, unit: Any) -> float | None:
    """An interval in seconds; None where it is no positive number or the unit is unknown."""
    return _positive(_product(value, SECONDS.get(unit_named(unit))))


def _product(value: Any, factor: float | None) -> float | None:
    found = number(value)
    return None if found is None or factor is None else number(found * factor)


def _positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 else None


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
