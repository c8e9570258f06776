"""``rdf.yaml`` as it is written, before the spec reads it: what would mislead the spec, hang it or reach outside."""

import hashlib
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from dfcan_bmz.bundle_file.zip_safety import DAMAGE, intact
from dfcan_bmz.errors import DfcanError

MOST_BYTES = 2**20
LONGEST_PATH = 4096  # that a system opens
LONGEST_EMOJI = 2  # characters of an icon that is no file
LONGEST_NUMBER = 100  # characters of what is no text: YAML counts in sixties, which takes ever longer
# one word that begins like a path outside of any folder, or climbs out of one, also behind a colon
ELSEWHERE = re.compile(r"(\S*:)?(/(?!/)|~|\\)\S*|file:\S*|[A-Za-z]:[/\\]\S*|(\S*[/\\:])?\.\.([/\\]\S*)?", re.IGNORECASE)
FILE_KEYS = (
    "source",
    "documentation",
    "covers",
    "cover",
    "icon",
    "attachments",
    "rdf_source",
    "test_inputs",
    "test_outputs",
    "sample_inputs",
    "sample_outputs",
    "files",
)

ADVICE = "give a .zip written by `dfcan-bmz package`"


class _NoBombs(yaml.SafeLoader):
    """A few nested aliases stand for more values than any memory holds."""

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it uses YAML aliases, write the values out")
        return super().compose_node(parent, index)

    def compose_scalar_node(self, anchor):
        node = super().compose_scalar_node(anchor)
        if node.tag != self.DEFAULT_SCALAR_TAG and len(node.value) > LONGEST_NUMBER:
            raise yaml.YAMLError(f"a number of more than {LONGEST_NUMBER} characters")
        return node


def description_name(names: list[str]) -> str | None:
    """Name of the one description among the files of a zip; None where there is none, or more than one."""
    plain = {"rdf.yaml", "bioimageio.yaml", "model.yaml"}
    found = [name for name in names if name in plain or name.endswith((".rdf.yaml", ".bioimageio.yaml"))]
    return found[0] if len(found) == 1 else None


def refuse_other_files(bundle: Path) -> None:
    """Raise DfcanError if a file is no zip or does not hold exactly one description."""
    if not bundle.exists():
        raise DfcanError(f"{bundle} does not exist: give a bundle (.zip)")
    if not zipfile.is_zipfile(bundle):
        raise DfcanError(f"{bundle} is not a bundle (not a zip file): {ADVICE}")
    try:
        with zipfile.ZipFile(bundle) as archive:
            names = archive.namelist()
    except DAMAGE as error:
        raise DfcanError(f"{bundle} is not a bundle (a damaged zip, {error}): {ADVICE}") from error
    _description_in(bundle, names)


def _description_in(bundle: Path, names: list[str]) -> str:
    name = description_name(names)
    if name is None:
        raise DfcanError(f"{bundle} is not a bundle (no rdf.yaml in it, or several descriptions): {ADVICE}")
    return name


def raw_description(bundle: Path) -> tuple[dict[str, Any], list[str]]:
    """Content of ``rdf.yaml`` as it is written, and the names in the zip.

    Raises
    ------
    DfcanError
        If it is no YAML mapping, too large, or full of aliases.
    """
    with intact(bundle), zipfile.ZipFile(bundle) as archive:
        names = archive.namelist()
        name = _description_in(bundle, names)
        if archive.getinfo(name).file_size > MOST_BYTES:
            raise DfcanError(f"{bundle} has an rdf.yaml of more than a megabyte: do not trust its source")
        text = archive.read(name)
    try:
        content = yaml.load(text, _NoBombs)
    except Exception as error:  # whatever Python says of values that are not as their tags promise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DfcanError(f"{bundle} has an unreadable rdf.yaml ({reason}): package it again") from error
    if not isinstance(content, dict) or not isinstance(content.get("format_version"), str):
        raise DfcanError(f"{bundle} has an rdf.yaml without a format_version: package it again")
    return content, names


def refuse_files_elsewhere(bundle: Path, content: dict[str, Any], names: list[str]) -> None:
    """Raise DfcanError if a description names files that the zip lacks, or that lie on the network."""
    # what a user keeps under config is no file
    described = {key: value for key, value in content.items() if key != "config"}
    texts = set(_texts(described))
    named = {text for key, text in texts if key in FILE_KEYS and "\n" not in text and not _is_emoji(key, text)}
    elsewhere = {name for name in named if "://" in name}
    elsewhere |= {text for _, text in texts if len(text) <= LONGEST_PATH and ELSEWHERE.fullmatch(text)}
    if elsewhere:
        raise DfcanError(
            f"{bundle} refers to files outside itself ({', '.join(sorted(elsewhere))}): put them into the zip"
        )
    missing = sorted(name for name in named if name.removeprefix("./") not in names)
    if missing:
        raise DfcanError(f"{bundle} lacks {', '.join(missing)}, which its rdf.yaml names: package it again")


def refuse_swapped_files(bundle: Path, content: dict[str, Any]) -> None:
    """Raise DfcanError if a file of a zip has not the SHA-256 that a description gives for it."""
    described = {key: value for key, value in content.items() if key != "config"}
    with intact(bundle), zipfile.ZipFile(bundle) as archive:
        names = set(archive.namelist())
        for where, name, expected in _hashes(described):
            if name in names and _sha256(archive, name) != str(expected).strip().lower():
                raise DfcanError(
                    f"{bundle}: {name} ({where}) is not the file that its rdf.yaml means: package it again"
                )


def _sha256(archive: zipfile.ZipFile, name: str) -> str:
    with archive.open(name) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def _hashes(content: Any, where: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every file of a description that has a checksum: where it is described, its name, the checksum."""
    if isinstance(content, dict):
        name, expected = content.get("source"), content.get("sha256")
        if isinstance(name, str) and expected is not None:
            yield where, name.removeprefix("./"), expected
        for key, value in content.items():
            yield from _hashes(value, f"{where}.{key}" if where else str(key))
    elif isinstance(content, list):
        for part in content:
            yield from _hashes(part, where)


def _is_emoji(key: str, text: str) -> bool:
    return key == "icon" and len(text) <= LONGEST_EMOJI


def _texts(content: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a description, behind the key that it, or the list that holds it, belongs to."""
    if isinstance(content, str):
        yield key, content
    elif isinstance(content, dict):
        for name, value in content.items():
            yield from _texts(value, name)
    elif isinstance(content, list):
        for part in content:
            yield from _texts(part, key)
