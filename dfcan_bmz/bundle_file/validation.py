"""A description, validated by bioimageio.spec as the zoo does; the import takes a second."""

import copy
import zipfile
from typing import Any, TypeAlias

import bioimageio.spec
from bioimageio.spec.model import v0_4, v0_5

from dfcan_bmz.bundle_file.newer_format import in_known_words
from dfcan_bmz.bundle_file.raw import description_name
from dfcan_bmz.bundle_file.read import Bundle
from dfcan_bmz.errors import DfcanError

ModelDescription: TypeAlias = v0_4.ModelDescr | v0_5.ModelDescr
AnyDescription: TypeAlias = bioimageio.spec.ResourceDescr | bioimageio.spec.InvalidDescr


def validated(bundle: Bundle, online: bool = False) -> ModelDescription:
    """What the spec makes of a description, format 0.4 or 0.5; files that it names are read when they are asked for.

    Parameters
    ----------
    bundle : Bundle
        As `dfcan_bmz.bundle_file.read.read_bundle` gives it.
    online : bool
        Whether to ask the network, as the zoo does, if the addresses and GitHub users that it names exist.

    Raises
    ------
    DfcanError
        If it is not valid.
    """
    try:
        description = _load(bundle, online)
    except Exception as error:
        # the spec reports what a description says wrong, and raises whatever it had not thought of
        reason = " ".join(str(error).split())
        raise DfcanError(f"{bundle.path} has an unreadable rdf.yaml ({reason}): package it again") from error
    if isinstance(description, ModelDescription):
        return description
    errors = [error for detail in description.validation_summary.details for error in detail.errors]
    reason = "; ".join(
        f"{'.'.join(map(str, error.loc))}: {error.msg.removeprefix('Value error, ')}".splitlines()[0]
        for error in errors[:3]
    )
    raise DfcanError(f"{bundle.path} has no valid model description ({reason or description.type}): package it again")


class _Offline(dict):
    """Files that the spec takes for known: every address, so that it asks for none."""

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or str(key).startswith(("http://", "https://"))


def _load(bundle: Bundle, online: bool) -> AnyDescription:
    archive = zipfile.ZipFile(bundle.path)  # stays open: the description reads its files from it later
    content: dict[str, Any] = bundle.content
    if not online:  # the spec asks GitHub for every user, known files or not
        content = copy.deepcopy(content)
        if content.get("maintainers"):
            del content["maintainers"]
        for author in content.get("authors") or []:
            if isinstance(author, dict):
                author.pop("github_user", None)
    known = {} if online else _Offline()
    context = bioimageio.spec.ValidationContext(
        root=archive, file_name=description_name(bundle.names), perform_io_checks=True, known_files=known
    )
    return bioimageio.spec.build_description(in_known_words(content), context=context)
