"""Upload to the BioImage Model Zoo: bioimageio.spec's own upload, then the bundle's own bytes.

bioimageio.spec 0.5.12 uploads a description that it has rewritten for its newest format, which deepImageJ and ilastik
do not read, and sends every file wrapped into a form. So each file is sent once more as it is, and read back.
"""

import hashlib
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bioimageio.spec
import httpx

from dfcan_bmz.bundle_file.raw import raw_description
from dfcan_bmz.bundle_file.read import open_description
from dfcan_bmz.bundle_file.weights import ModelDescription
from dfcan_bmz.errors import DfcanError, UnfinishedError

TOKEN = "BIOIMAGEIO_HYPHA_UPLOAD_TOKEN"  # the spec's name for it
TIMEOUT_S = 300


def refuse_unfit(bundle: Path, online: bool) -> tuple[ModelDescription, dict[str, Any], list[str]]:
    """Description of a bundle, ``rdf.yaml`` as it is written, and the names of the files that an upload would send.

    Parameters
    ----------
    bundle : pathlib.Path
        The ``.zip``.
    online : bool
        Whether to ask the network, as the zoo does, if the addresses and GitHub users that it names exist.

    Raises
    ------
    DfcanError
        If the bundle is not valid, or the zoo would not take it.
    """
    description = open_description(bundle, online)
    content, names = raw_description(bundle)
    if content.get("type", "model") != "model" or not content["format_version"].startswith("0.5"):
        raise DfcanError(f"{bundle} is not a model of format 0.5: package it with `dfcan-bmz package`")
    if "id" in content:
        raise DfcanError(f"{bundle} has an id ({content['id']}): the zoo assigns one to a new model, remove it")
    return description, content, names


def refuse_without_token() -> None:
    """Raise DfcanError if no token is set."""
    if not bioimageio.spec.settings.hypha_upload_token:
        raise DfcanError(f"no token: log in at https://bioimage.io, make one under API, and set {TOKEN} to it")


def upload(bundle: Path, say: Callable[[str], None]) -> str:
    """Upload a bundle as a new model that waits for review.

    Parameters
    ----------
    bundle : pathlib.Path
        The ``.zip``.
    say : callable
        Told what happens, a line at a time.

    Returns
    -------
    str
        URL of the uploaded description.

    Raises
    ------
    DfcanError
        If it cannot begin.
    UnfinishedError
        If the zoo's server refuses, or does not keep the files as they are.
    """
    _, _, names = refuse_unfit(bundle, online=True)
    refuse_without_token()
    try:
        url = str(bioimageio.spec.upload(bundle))
        found = re.search(r"/artifacts/(.+)/files/", url)
        if found is None:
            raise ValueError(f"the zoo's address {url} has an unexpected form")
        artifact = found[1]
        say(f"{artifact}: made by bioimageio.spec; sending the files as they are")
        with httpx.Client(timeout=TIMEOUT_S, follow_redirects=True) as client, zipfile.ZipFile(bundle) as archive:
            for name in names:
                say(f"{name}: {_send(client, artifact, name, archive.read(name))}")
    except (httpx.HTTPError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise UnfinishedError(f"{bundle}: the upload broke off ({reason[:300]}): look at your uploads there") from error
    return url


def _send(client: httpx.Client, artifact: str, name: str, content: bytes) -> str:
    """Put one file into a staged model; what the server says of it then."""
    where = {"artifact_id": artifact, "file_path": name}
    target = _link(client, "put_file", where)
    # storage wants no type of content
    client.put(target, content=content, headers={"Content-Type": ""}).raise_for_status()
    try:
        stored = client.get(_link(client, "get_file", where | {"version": "stage"})).raise_for_status().content
    except httpx.HTTPError as error:
        return f"sent, but it cannot be read back ({error}): look at it there"
    if hashlib.sha256(stored).digest() != hashlib.sha256(content).digest():
        raise UnfinishedError(f"{artifact}: {name} arrived changed: do not ask for a review, try again")
    return "sent and read back"


def _link(client: httpx.Client, action: str, where: dict[str, str]) -> str:
    settings = bioimageio.spec.settings
    headers = {"Authorization": f"Bearer {settings.hypha_upload_token}"}
    answer = client.post(settings.hypha_upload.replace("/create", f"/{action}"), json=where, headers=headers)
    return answer.raise_for_status().json()
