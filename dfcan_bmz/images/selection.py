"""Images that a command is given: files, folders of them, or patterns."""

import glob
from collections.abc import Iterable
from pathlib import Path

from dfcan_bmz import images, staging
from dfcan_bmz.errors import DfcanError


def find_sources(inputs: list[Path]) -> list[Path]:
    """Images of what is given, each once, in this order; a name that exists is no pattern.

    Raises
    ------
    DfcanError
        If nothing matches a pattern.
    """
    found: list[Path] = []
    for path in inputs:
        if images.is_folder_of_images(path):
            found += images.find(path).values()
        elif not path.exists() and glob.has_magic(str(path)):
            matches = sorted(map(Path, glob.glob(_pattern(path), recursive=True)))
            if not matches:
                raise DfcanError(f"nothing matches {path}: check the pattern")
            found += matches
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def outputs_of(sources: list[Path], out: Path, ending: str) -> dict[Path, Path]:
    """Where the output of each image goes, in the folder `out`.

    Raises
    ------
    DfcanError
        If two images have one name.
    """
    targets = {path: out / f"{images.stem_of(path)}{ending}" for path in sources}
    source_of: dict[Path, Path] = {}
    for path, target in targets.items():
        if (twin := source_of.setdefault(target, path)) != path:
            raise DfcanError(f"{twin} and {path} share a name, and {target} would be of both: give them one by one")
    return targets


def refuse_existing_outputs(targets: Iterable[Path], replace: bool) -> None:
    """Raise DfcanError if an output exists, unless it may be replaced or gone on from."""
    staging.refuse_existing(targets, replace, "pass --overwrite, or --resume to keep it and do what is missing")


def _pattern(path: Path) -> str:
    """The pattern, in which leading folders that exist mean themselves: ``day[1]/*.tif`` in a folder ``day[1]``."""
    literal = next(parent for parent in path.parents if parent.exists())
    return str(Path(glob.escape(str(literal))) / path.relative_to(literal))
