"""Test images, and fields of view, that the training has seen."""

from typing import Any

from dfcan_bmz.data.pairs import Pair
from dfcan_bmz.files import sha256


def seen_in_training(pairs: list[Pair], records: list[dict[str, Any]]) -> dict[str, str]:
    """Test pairs of which a file was part of a training, byte by byte, and all others of the same field of view.

    Parameters
    ----------
    pairs : list of Pair
        The test set.
    records : list of dict
        Content of the ``provenance.json`` of each training.

    Returns
    -------
    dict of str to str
        Name of the pair and how it is known, e.g. ``"fov003 of the training set"``.
    """
    known = {
        file[key]: f"{file['name']} of the {part} set"
        for record in records
        for part in ("validation", "training")
        for file in record["files"][part]
        for key in ("lr_sha256", "hr_sha256")
    }
    seen: dict[str, str] = {}
    for pair in pairs if known else ():
        for path in (pair.lr, pair.hr):
            if found := known.get(sha256(path)):
                seen[pair.name] = found
    # another light level shows the same field, even where each level has an HR file of its own
    fields = {pair.fov: seen[pair.name] for pair in pairs if pair.name in seen}
    return {
        pair.name: seen.get(pair.name, f"of the same field as {fields[pair.fov]}")
        for pair in pairs
        if pair.fov in fields
    }
