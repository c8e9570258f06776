"""A MODEL by its name: this is where every name becomes a path, before a model is opened.

What exists is a path. Other names are those of the published models, their nicknames, and the ids and nicknames of the
BioImage Model Zoo, whose bundles are downloaded once and kept. An unzipped bundle is a bundle.
"""

import atexit
import difflib
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import platformdirs

from dfcan_bmz import files, published, staging
from dfcan_bmz.bundle_file.raw import description_name
from dfcan_bmz.errors import DfcanError

# adjective-animal, with or without its owner and version, or the DOI of an older one
ZOO_ID = re.compile(r"([a-z0-9-]+/)?[a-z]+(-[a-z]+){1,3}(/[\w.]+)?|10\.\d{4,}/zenodo\.\d+(/\d+)?")


def cache() -> Path:
    """Folder of what was downloaded or packaged for its name: ``DFCAN_CACHE``, or the system's place for such files."""
    return Path(os.environ.get("DFCAN_CACHE") or platformdirs.user_cache_dir("dfcan_bmz", appauthor=False))


def local(given: Path) -> Path | None:
    """Run folder or bundle on this computer, by its path or its name; None where there is none."""
    if given.exists():
        return given
    name = given.as_posix()
    return published.find(name) or next((kept for kept in [_kept(name)] if kept.is_file()), None)


def refuse_unknown(given: Path, wanted: str = "a run folder, a bundle (.zip)") -> None:
    """Raise DfcanError if nothing is here under this path or name, and the zoo cannot have it either."""
    if local(given) is None and not ZOO_ID.fullmatch(given.as_posix()):
        near = difflib.get_close_matches(given.as_posix(), published.models(), 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise DfcanError(f"{given} does not exist: give {wanted} or a name from `dfcan-bmz models`{meant}")


def find_model(given: Path, say: Callable[[str], None] = print) -> Path:
    """Path of a run folder or a bundle; one of the zoo is downloaded where it is not kept yet.

    Parameters
    ----------
    given : pathlib.Path
        A path, or a name.
    say : callable
        Told what happens, a line at a time.

    Raises
    ------
    DfcanError
        If there is no such model, or the zoo cannot be asked for it.
    """
    refuse_unknown(given)
    found = local(given)
    if found is not None:
        return as_zip(found)
    from dfcan_bmz.bundle_file.download import download  # slow to import, and rarely needed

    kept = _kept(given.as_posix())
    say(f"downloading {given} from the BioImage Model Zoo; kept as {kept}")
    kept.parent.mkdir(parents=True, exist_ok=True)
    with staging.writing(kept, "download", overwrite=True) as path:
        download(given.as_posix(), path)
    return kept


def is_unzipped(path: Path) -> bool:
    """Whether a path is the folder of an unzipped bundle; a run folder, which may have a description too, is none."""
    if not path.is_dir() or (path / "config.yaml").is_file():
        return False
    return description_name([entry.name for entry in path.iterdir()]) is not None


def as_zip(path: Path) -> Path:
    """A zip of an unzipped bundle, which lasts as long as this process; any other path is given back as it is.

    Raises
    ------
    DfcanError
        If a link is among the files, as it may point anywhere.
    """
    if not is_unzipped(path):
        return path
    if links := [entry for entry in path.rglob("*") if entry.is_symlink()]:
        raise DfcanError(f"{path} contains a link ({links[0].name}): replace it by the file that it points to")
    folder = tempfile.TemporaryDirectory(prefix="dfcan-bundle-")
    atexit.register(folder.cleanup)
    packed = Path(folder.name) / f"{path.absolute().name}.zip"
    files.write_zip(path, packed)
    return packed


def _kept(name: str) -> Path:
    return cache() / "zoo" / f"{name.replace('/', '_')}.zip"
