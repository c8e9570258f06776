"""Upload to the BioImage Model Zoo: bioimageio.spec's own upload, then the bundle's own bytes.

bioimageio.spec 0.5.12 uploads a description that it has rewritten for its newest format, which deepImageJ and ilastik
do not read, and sends every file wrapped into a form. So each file is sent once more as it is, and read back.
"""

import hashlib
import re
import zipfile
from collections.abc import Callable

import bioimageio.spec
import httpx

from dfcan_bmz.bundle_file.read import Bundle
from dfcan_bmz.bundle_file.validation import validated
from dfcan_bmz.errors import DfcanError, UnfinishedError

TOKEN = "BIOIMAGEIO_HYPHA_UPLOAD_TOKEN"  # the spec's name for it
TIMEOUT_S = 300


def refuse_unready(bundle: Bundle) -> None:
    """Raise DfcanError if a bundle is not valid for the zoo, which asks the network, or no token is set."""
    validated(bundle, online=True)
    if not bioimageio.spec.settings.hypha_upload_token:
        raise DfcanError(f"no token: log in at https://bioimage.io, make one under API, and set {TOKEN} to it")


def upload(bundle: Bundle, say: Callable[[str], None]) -> str:
    """Upload a bundle as a new model that waits for review.

    Parameters
    ----------
    bundle : Bundle
        Of which `refuse_unready` has nothing to say.
    say : callable
        Told what happens, a line at a time.

    Returns
    -------
    str
        URL of the uploaded description.

    Raises
    ------
    UnfinishedError
        If the zoo's server refuses, or does not keep the files as they are.
    """
    try:
        url = str(bioimageio.spec.upload(bundle.path))
        found = re.search(r"/artifacts/(.+)/files/", url)
        if found is None:
            raise ValueError(f"the zoo's address {url} has an unexpected form")
        artifact = found[1]
        say(f"{artifact}: made by bioimageio.spec; sending the files as they are")
        with httpx.Client(timeout=TIMEOUT_S, follow_redirects=True) as client, zipfile.ZipFile(bundle.path) as archive:
            for name in bundle.names:
                say(f"{name}: {_send(client, artifact, name, archive.read(name))}")
    except (httpx.HTTPError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise UnfinishedError(
            f"{bundle.path}: the upload broke off ({reason[:300]}): look at your uploads there"
        ) from error
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
