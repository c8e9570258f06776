"""Images by name: what lies in a folder, and what an image is called."""

from pathlib import Path

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.known import READ, expected_of, name_of_format, opener_of
from dfcan_bmz.formats.ome_zarr import is_zarr
from dfcan_bmz.names import escaped, legible

NOTES = {
    "", ".csv", ".db", ".ini", ".json", ".log", ".md", ".ome", ".pdf", ".tsv", ".txt", ".xml", ".yaml", ".yml"
}  # fmt: skip


def stem_of(path: Path) -> str:
    """Name of an image's outputs: that of its file, byte by byte, without ``.tif``, ``.ome.tif``, ``.mrc.gz`` ...

    Image 0 of ``scan.zarr`` is ``scan_0``.
    """
    holder = next((parent for parent in path.parents if parent.suffix.lower() == ".zarr"), None)
    if holder is not None:
        return "_".join((stem_of(holder), *path.relative_to(holder).parts))
    name = path.name[: -len(".gz")] if path.name.lower().endswith(".gz") else path.name
    stem = Path(name).stem
    return stem[: -len(".ome")] if stem.lower().endswith(".ome") else stem


def name_of(path: Path) -> str:
    """Name by which an image is paired, and which tables have for it: `stem_of` as `dfcan_bmz.names.legible` text."""
    return legible(stem_of(path))


def is_folder_of_images(path: Path) -> bool:
    """Whether images lie in `path`; an OME-Zarr image is a folder too, but one image."""
    return path.is_dir() and not is_zarr(path)


def find(folder: Path) -> dict[str, Path]:
    """Images of a folder by name (see `name_of`), sorted by file: whatever is one by its content or its ending.

    Of files whose names differ in their bytes alone, one has the name that they share, and the others keep their own.

    Raises
    ------
    DfcanError
        If the folder is missing, holds no image, or holds two images of one name.
    """
    if not folder.is_dir():
        raise DfcanError(f"{folder} is not a folder: give a folder of images")
    found: dict[str, Path] = {}
    paths = [path for path in folder.iterdir() if _is_image(path)]
    for path in sorted(paths, key=lambda path: (stem_of(path) != name_of(path), path)):
        name, stem = name_of(path), stem_of(path)
        if name in found and stem_of(found[name]) != stem:
            name = escaped(stem)
        if name in found:
            raise DfcanError(f"{path} and {found[name].name} share a name: rename one of them")
        found[name] = path
    if not found:
        raise DfcanError(f"{folder} has no images: {_advice(folder)}")
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _advice(folder: Path) -> str:
    """What to do about a folder without images: those of a set are in lr/ and hr/."""
    inner = [path for path in sorted(folder.glob("[!.]*")) if _holds_images(path)]
    return f"give a folder in it, {' or '.join(map(str, inner))}" if inner else f"put files there, {READ}"


def others(folder: Path) -> list[Path]:
    """What `find` passes over although it may be images: files of a format that is not read here, folders of images."""
    found = [path for path in folder.iterdir() if path.name[0] != "." and not _is_image(path)]
    return sorted(path for path in found if path.suffix.lower() not in NOTES or _holds_images(path))


def told_of_other(path: Path) -> str:
    """A line on what `others` finds, with what it is as far as that is known."""
    if _holds_images(path):
        return f"{path} is a folder of images within a folder of images, which is not looked into"
    name = name_of_format(path)
    return f"{path} is of no format that is read here" + (f" (it is {name})" if name else "")


def left_out(*folders: Path) -> list[str]:
    """A line for each file of folders that may be an image, but of a format that is not read here."""
    return [f"left out: {told_of_other(path)}" for folder in folders for path in others(folder)]


def _holds_images(path: Path) -> bool:
    return path.is_dir() and any(map(_is_image, path.iterdir()))


def _is_image(path: Path) -> bool:
    """Whether a file is an image, or is called one: a damaged image is named when it is opened, not passed over."""
    if path.name.startswith("."):
        return False
    named = expected_of(path) is not None
    if path.is_file() or path.is_dir():
        return (named and path.is_file()) or opener_of(path) is not None
    return named and not path.exists()  # a link to what is not there
