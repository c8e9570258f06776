"""What a file says of the optics that its image was taken with."""

from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import tifffile

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.known import opener_of
from dfcan_bmz.formats.mrc import open_mrc
from dfcan_bmz.formats.mrc_header import WAVES_OFFSET, read_header
from dfcan_bmz.formats.tiff import open_tiff


class Optics(NamedTuple):
    """Numerical aperture of the objective and emission wavelength in nanometres; None where the file does not say."""

    na: float | None = None
    emission_nm: float | None = None


def stated_optics(path: Path) -> Optics:
    """Read the optics out of an OME-TIFF or of a microscope's MRC file; empty for other files."""
    try:
        opener = opener_of(path)
        if opener is open_mrc:
            return _of_mrc(path)
        if opener is open_tiff:
            with tifffile.TiffFile(path) as file:
                return _of_ome(file.ome_metadata) if file.is_ome and file.ome_metadata else Optics()
    except (OSError, ValueError, DfcanError, ElementTree.ParseError, tifffile.TiffFileError):
        pass  # notes beside the pixels never cost the pixels
    return Optics()


def _of_mrc(path: Path) -> Optics:
    header = read_header(path)
    waves, first = (header.number(WAVES_OFFSET + offset, "i2") for offset in (0, 2))
    stated = header.deltavision and waves >= 1 and 200 < first < 2000
    return Optics(None, float(first)) if stated else Optics()


def _of_ome(xml: str) -> Optics:
    root = ElementTree.fromstring(xml)
    apertures = [_number(element.get("LensNA")) for element in root.iterfind(".//{*}Objective")]
    waves = [
        _number(element.get("EmissionWavelength"))
        for element in root.iterfind(".//{*}Channel")
        if element.get("EmissionWavelengthUnit", "nm") == "nm"
    ]
    return Optics(_only(apertures), _only(waves))


def _number(text: str | None) -> float | None:
    value = float(text) if text else 0.0
    return value if value > 0 else None


def _only(values: list[float | None]) -> float | None:
    """The value of all; None if there are several, of which nobody knows which one belongs to this image."""
    return values[0] if values and len(set(values)) == 1 else None
