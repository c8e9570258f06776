"""Where a Fiji is, and what it has."""

import os
import re
import shutil
from pathlib import Path
from typing import NamedTuple

from dfcan_bmz.errors import DfcanError

NAMES = ("Fiji.app", "Fiji", "fiji")
LAUNCHERS = ("fiji", "fiji-linux-x64", "fiji-linux-arm64", "fiji-windows-x64.exe", "ImageJ-linux64", "ImageJ-win64.exe")


class Fiji(NamedTuple):
    """A Fiji, and the versions of the deepImageJ and of the JDLL in it; None where it has none."""

    folder: Path
    deepimagej: str | None
    jdll: str | None


def find_fiji() -> Path:
    """Folder of the one Fiji on the path or where people put it.

    Raises
    ------
    DfcanError
        If there is none, or more than one.
    """
    home, programs = Path.home(), os.environ.get("PROGRAMFILES", "C:/Program Files")
    places = [home, *(home / name for name in ("Applications", "Desktop", "Downloads", "opt"))]
    places += [Path(place) for place in ("/Applications", "/opt", "/usr/local", "C:/", programs)]
    candidates = [place / name for place in places for name in NAMES]
    candidates += [Path(path).resolve().parent for launcher in LAUNCHERS if (path := shutil.which(launcher))]
    found = sorted({folder.resolve() for folder in candidates if _is_fiji(folder)})
    if len(found) == 1:
        return found[0]
    if found:
        raise DfcanError(f"there are {len(found)} Fijis ({', '.join(map(str, found))}): choose one with --fiji")
    raise DfcanError("no Fiji was found in the usual places: pass its folder, the one with jars and plugins, as --fiji")


def open_fiji(folder: Path) -> Fiji:
    """Check that a folder, a Fiji.app in it, or the folder around a Fiji.app, is a Fiji.

    Raises
    ------
    DfcanError
        If it is none.
    """
    # on macOS, jars and plugins lie beside the application since 2025
    around = [folder.parent] if folder.name == "Fiji.app" else []
    for candidate in (folder, *(folder / name for name in NAMES), *around):
        if _is_fiji(candidate):
            return Fiji(candidate, _version(candidate, "deepimagej"), _version(candidate, "dl-modelrunner"))
    raise DfcanError(
        f"{folder} is not a Fiji folder (no plugins and no jars/ij-*.jar in it): give the folder that Fiji runs from"
    )


def _is_fiji(folder: Path) -> bool:
    return (folder / "plugins").is_dir() and any((folder / "jars").glob("ij-*.jar"))


def _version(fiji: Path, name: str) -> str | None:
    """Version in the name of a jar; both people and updaters put jars into either folder."""
    jars = [jar.name for folder in ("plugins", "jars") for jar in sorted((fiji / folder).glob("*.jar"))]
    found = [match.group(1) for jar in jars if (match := re.match(rf"{name}[-_]+(\d+(?:\.\d+)*)", jar, re.IGNORECASE))]
    return found[0] if found else None
