"""What an evaluation on disk says on average, counted as ``dfcan-bmz evaluate`` counts it."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from dfcan_bmz.evaluation.measure import Facts
from dfcan_bmz.evaluation.score import NO_PROTOCOL, Score, read_rows
from dfcan_bmz.evaluation.statistics import summarise


class Means(NamedTuple):
    """Means of an evaluation.

    Attributes
    ----------
    values : dict of (str, str, str) to float
        Mean over the fields of view by (protocol, method, metric), the model last; what has no protocol is left out.
    fields : dict of str to str
        The field of view of each image that counts.
    facts : list of Facts
        What is known of every image, also of those that do not count.
    """

    values: dict[tuple[str, str, str], float]
    fields: dict[str, str]
    facts: list[Facts]


def counted(facts: Iterable[Facts]) -> dict[str, str]:
    """Field of view of each image that counts: those that the training has not seen or, if there are none, all."""
    facts = list(facts)
    return {fact.image: fact.field for fact in facts if not fact.seen} or {fact.image: fact.field for fact in facts}


def read_means(evaluation: Path) -> Means:
    """Means of what `dfcan-bmz evaluate` wrote into a folder.

    Raises
    ------
    DfcanError
        If a table is missing or damaged.
    """
    facts = read_rows(evaluation / "images.csv", Facts)
    fields = counted(facts)
    summary = summarise(read_rows(evaluation / "metrics.csv", Score), fields, None)
    values = {key: found.mean for key, found in summary.items() if key[0] != NO_PROTOCOL}
    return Means(values, fields, facts)
