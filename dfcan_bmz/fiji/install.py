"""Install a bundle into a Fiji with deepImageJ, with macros that run it, and take it away again.

::

    FIJI/
      models/<nickname>/      the bundle's files but weights other than TorchScript, headless.groovy, RECORD
      plugins/DFCAN/          <nickname>_image.ijm and <nickname>_folder.ijm: Plugins > DFCAN > ...
"""

import json
import re
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import yaml

from dfcan_bmz import staging
from dfcan_bmz.bundle.deepimagej import lint
from dfcan_bmz.bundle.jdll_engines import Choice
from dfcan_bmz.bundle_file.own import NICKNAME
from dfcan_bmz.bundle_file.read import open_bundle
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.fiji.macros import MENU, MODELS, macros
from dfcan_bmz.fiji.places import Fiji
from dfcan_bmz.fiji.weights import KEPT, ForFiji, torchscript_alone

COMMAND = "install-fiji"
RECORD = "dfcan_bmz.json"  # in the model's folder: what was installed, so that exactly that can be removed


class Installed(NamedTuple):
    """A model in a Fiji, the menu entries that run it, and the weights that deepImageJ will choose."""

    model: Path
    entries: list[str]
    engine: Choice


def install(bundle: Path, fiji: Fiji, overwrite: bool) -> Installed:
    """Install a bundle by `dfcan-bmz package` and its macros; all of it, or nothing.

    Parameters
    ----------
    bundle : pathlib.Path
        The ``.zip``.
    fiji : Fiji
        Where to.
    overwrite : bool
        Whether to replace an installation; one by an earlier version is replaced in any case, as it does not run.

    Returns
    -------
    Installed

    Raises
    ------
    DfcanError
        If the bundle would not run in deepImageJ, or something is in the way.
    """
    nickname, texts, reduced = _read(bundle)
    model = fiji.folder / MODELS / nickname
    overwrite = overwrite or staging.just_placed(fiji.folder, f"{COMMAND} {model.name}")
    with staging.working(fiji.folder, f"{COMMAND} {model.name}", overwrite=True, fill=True) as work:
        # refuses what was not installed from here, whatever `overwrite` says
        older = read_record(model) if model.exists() else []
        clashes = [fiji.folder / path for path in texts if path.parent == MENU]
        staging.refuse_existing([model] if older else clashes, overwrite or (bool(older) and is_earlier(model)))
        _stage(bundle, work.new, model.name, reduced, texts)
        staging.place(work, away=_as_folders(fiji.folder, older))
    entries = [f"Plugins > {MENU.name} > {path.stem.replace('_', ' ')}" for path in texts if path.parent == MENU]
    return Installed(model, entries, reduced.engine)


def uninstall(nickname: str, fiji: Fiji) -> list[Path]:
    """Take a model and its macros away; nothing that was not installed with them.

    Returns
    -------
    list of pathlib.Path
        What lies in the model's folder still, because others have put it there.

    Raises
    ------
    DfcanError
        If there is no such installation.
    """
    model = fiji.folder / MODELS / nickname
    absent = f"{fiji.folder} has no model {nickname}: give a bundle, or a name in {fiji.folder / MODELS}"
    if not re.fullmatch(NICKNAME, nickname):
        raise DfcanError(absent)
    killed = staging.just_placed(fiji.folder, f"{COMMAND} --remove {nickname}")
    with staging.working(fiji.folder, f"{COMMAND} --remove {nickname}", overwrite=True, fill=True) as work:
        if (model / RECORD).is_file() or not killed:
            if not model.is_dir():
                raise DfcanError(absent)
            staging.place(work, away=_as_folders(fiji.folder, read_record(model)))
        remove_empty(model / "variables", model, fiji.folder / MENU)
    return sorted(model.rglob("*")) if model.exists() else []


def _read(bundle: Path) -> tuple[str, dict[PurePosixPath, str], ForFiji]:
    """Nickname of a bundle, its macros by their paths, and what deepImageJ gets of it."""
    opened = open_bundle(bundle)
    ours, content = opened.for_images, opened.content
    if objections := lint(content, opened.names):
        raise DfcanError(f"{bundle} would not run in deepImageJ ({'; '.join(objections)}): package it again")
    texts = macros(ours.nickname, content["name"], ours.scale, smallest=-(-ours.tile // 3), frames=ours.frames)
    return ours.nickname, texts, torchscript_alone(content, bundle)


def _stage(bundle: Path, staged: Path, nickname: str, reduced: ForFiji, texts: dict[PurePosixPath, str]) -> None:
    """Write the whole installation into a folder that mirrors a Fiji."""
    model = staged / MODELS / nickname
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(model, [name for name in archive.namelist() if name not in reduced.left_out])
    texts = texts | {MODELS / nickname / "rdf.yaml": description_text(reduced.content)}
    for path, text in texts.items():
        (staged / path).parent.mkdir(parents=True, exist_ok=True)
        (staged / path).write_text(text, encoding="utf-8")
    entries = [path.relative_to(staged).as_posix() for path in sorted(staged.rglob("*")) if path.is_file()]
    (model / RECORD).write_text(record_text([*entries, (MODELS / nickname / RECORD).as_posix()]), encoding="utf-8")


def is_earlier(model: Path) -> bool:
    """Whether an earlier version has installed a model, with all weights, of which deepImageJ runs the wrong ones."""
    return "weights" not in json.loads((model / RECORD).read_text(encoding="utf-8"))


def description_text(content: dict[str, Any]) -> str:
    """Text of an ``rdf.yaml``."""
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def record_text(names: list[str]) -> str:
    """Text of a record."""
    return json.dumps({"written_by": "dfcan-bmz install-fiji", "weights": KEPT, "files": names}, indent=2) + "\n"


def read_record(model: Path) -> list[str]:
    """Paths in a Fiji of all that was installed with a model, none of them outside of where models and macros are."""
    try:
        names = json.loads((model / RECORD).read_text(encoding="utf-8"))["files"]
        paths = [PurePosixPath(name) for name in names]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DfcanError(f"{model} was not installed by `dfcan-bmz install-fiji`: remove it yourself") from error
    for path in paths:
        if ".." in path.parts or not (path.is_relative_to(MODELS / model.name) or path.parent == MENU):
            raise DfcanError(f"{model / RECORD} names a file elsewhere ({path}): remove the model yourself")
    return names


def _as_folders(fiji: Path, names: list[str]) -> list[str]:
    """Paths of files, or of the folders that they are all of: a folder moves in one step."""
    left = set(names)
    folders = []
    for folder in sorted({PurePosixPath(name).parts[:2] for name in names}):
        path = fiji.joinpath(*folder)
        inside = {file.relative_to(fiji).as_posix() for file in path.rglob("*") if file.is_file()}
        if inside <= left:
            folders.append("/".join(folder))
            left -= inside
    return [*folders, *(name for name in names if name in left)]


def remove_empty(*folders: Path) -> None:
    """Remove those of the folders that are there and empty."""
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
