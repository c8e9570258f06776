"""Which image an export of ilastik belongs to: ilastik adds to the name, as in ``cell_Probabilities.h5``."""

import re
from pathlib import Path

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.ilastik import hdf5
from dfcan_bmz.ilastik.record import Prepared, read_records
from dfcan_bmz.names import legible

ENDINGS = (*hdf5.ENDINGS, ".tif", ".tiff")


def find_exports(sources: list[Path], folder: Path | None) -> dict[Path, tuple[str, Prepared]]:
    """Pair exports with the images that they are predictions of.

    Parameters
    ----------
    sources : list of pathlib.Path
        Exports, or folders of them; prepared images that lie there too are passed over.
    folder : pathlib.Path, optional
        Where the prepared images are, if not beside their exports.

    Returns
    -------
    dict
        Name of the image and what is known of it, by export.

    Raises
    ------
    DfcanError
        If an export is of no prepared image, two are of one, or there is none.
    """
    found: dict[Path, tuple[str, Prepared]] = {}
    for source in sources:
        if not source.exists():
            raise DfcanError(f"{source} does not exist: give what ilastik has exported")
        beside = source if source.is_dir() else source.parent
        records = read_records(folder or beside)
        prepared = {record.file for record in records.values()} if beside == (folder or beside) else set()
        for path in _files(source, prepared):
            name = _name_of(path, records)
            found[path] = name, records[name]
    names = [name for name, _ in found.values()]
    if twice := {name for name in names if names.count(name) > 1}:
        exports = " and ".join(path.name for path, (name, _) in found.items() if name in twice)
        raise DfcanError(f"{exports} are exports of one image: give one of them")
    return found


def _files(source: Path, prepared: set[str]) -> list[Path]:
    if not source.is_dir():
        if legible(source.name) in prepared:
            raise DfcanError(f"{source} is the prepared image itself: give what ilastik has exported")
        return [source]
    entries = [path for path in sorted(source.iterdir()) if path.suffix.lower() in ENDINGS and path.name[0] != "."]
    if exports := [path for path in entries if legible(path.name) not in prepared]:
        return exports
    raise DfcanError(f"{source} holds no export of ilastik ({', '.join(ENDINGS)}): name its files, or export there")


def _name_of(path: Path, records: dict[str, Prepared]) -> str:
    fitting = [name for name in records if re.match(rf"{re.escape(legible(name))}(\W|_|$)", legible(path.stem))]
    if not fitting:
        example = f"{next(iter(records))}_Probabilities{path.suffix}"
        raise DfcanError(f"{path} matches none of the prepared images: begin its name with theirs, as in {example}")
    return max(fitting, key=len)
