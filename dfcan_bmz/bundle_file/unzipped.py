"""An unzipped bundle is a bundle: programs that read zips are given one of its files."""

import atexit
import tempfile
from pathlib import Path

from dfcan_bmz import files
from dfcan_bmz.bundle_file.raw import description_name
from dfcan_bmz.errors import DfcanError


def as_zip(path: Path) -> Path:
    """A zip of the folder that a bundle was unzipped to; any other file or folder is given back as it is.

    The zip lasts as long as this process. A run folder, which may have a description beside its weights, is none.

    Raises
    ------
    DfcanError
        If a link is among the files, as it may point anywhere.
    """
    if not path.is_dir() or (path / "config.yaml").is_file():
        return path
    if description_name([entry.name for entry in path.iterdir()]) is None:
        return path
    if links := [entry for entry in path.rglob("*") if entry.is_symlink()]:
        raise DfcanError(f"{path} holds a link ({links[0].name}): replace it by the file that it points to")
    folder = tempfile.TemporaryDirectory(prefix="dfcan-bundle-")
    atexit.register(folder.cleanup)
    packed = Path(folder.name) / f"{path.absolute().name}.zip"
    files.write_zip(path, packed)
    return packed
