"""A bundle of the BioImage Model Zoo, by its id: the spec finds its description, pooch its files."""

import tempfile
from pathlib import Path
from typing import Any

import bioimageio.spec
import httpx
import pooch
import yaml
from bioimageio.spec import ValidationContext
from bioimageio.spec.common import RelativeFilePath
from loguru import logger
from tqdm import tqdm

from dfcan_bmz import console, files
from dfcan_bmz.errors import DfcanError

TIMEOUT_S = 30  # without an answer
FAILURES = (OSError, ValueError, httpx.HTTPError)  # of the network, of the spec that reads what came, of pooch


def download(name: str, bundle: Path) -> None:
    """Write the bundle of a model of the zoo.

    Parameters
    ----------
    name : str
        Its id or nickname, as ``affable-shark`` or ``affable-shark/1.2``.
    bundle : pathlib.Path
        The ``.zip`` to write. Every file has the SHA-256 that the description gives for it.

    Raises
    ------
    DfcanError
        If there is no network, the zoo knows no such model, or a file is damaged.
    """
    pooch.get_logger().setLevel("ERROR")
    logger.disable("bioimageio")
    with tempfile.TemporaryDirectory(dir=bundle.parent) as scratch:
        folder = Path(scratch)
        try:
            for inside, source in _content(name).items():
                _write(source, folder, inside)
        except FAILURES as error:
            raise DfcanError(_told(name, error)) from error
        finally:
            logger.enable("bioimageio")
        files.write_zip(folder, bundle)


def _content(name: str) -> dict[str, Any]:
    """Files of a package by their names, as the spec describes them; the description is a dict."""
    with ValidationContext(perform_io_checks=False, progressbar=False):
        description = bioimageio.spec.load_description(name)
        if isinstance(description, bioimageio.spec.InvalidDescr):
            raise DfcanError(f"{name} of the zoo has no valid description: look at bioimage.io for another model")
        return dict(bioimageio.spec.get_package_content(description))


def _write(source: Any, folder: Path, name: str) -> None:
    if isinstance(source, dict):
        text = yaml.safe_dump(source, sort_keys=False, allow_unicode=True)
        (folder / name).write_text(text, encoding="utf-8")
        return
    address = source.source.absolute() if isinstance(source.source, RelativeFilePath) else source.source
    known = f"sha256:{source.sha256}" if source.sha256 else None
    # in terminals alone; pooch corrects the total, and takes a bar without one for none
    bar = tqdm(desc=name, total=1, unit="B", unit_scale=True, leave=False, disable=console.quiet or None)
    downloader = pooch.HTTPDownloader(progressbar=bar, timeout=TIMEOUT_S)
    pooch.retrieve(str(address), known, name, folder, downloader=downloader)


def _told(name: str, error: Exception) -> str:
    """What to tell; the spec wraps a lack of network, and an unknown name, in one error of its own."""
    if isinstance(error, DfcanError):
        return str(error)
    reason = str(error)
    if "not found in" in reason or "404" in reason:
        return f"{name} is not a file, a published model or a model of the zoo: see `dfcan-bmz models`"
    if "hash" in reason:
        return f"{name}: a file of the zoo is not what its description promises, or came damaged: try again"
    return f"{name} is not on this computer, and the zoo does not answer: connect to the network, or give a file"
