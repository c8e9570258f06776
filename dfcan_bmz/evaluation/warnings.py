"""What a reader must know before any figure."""

from collections.abc import Iterator

from dfcan_bmz.evaluation.measure import Facts


def seen_warning(facts: list[Facts]) -> Iterator[str]:
    """Say which images were part of the training, and what became of them; nothing if there are none."""
    seen = [fact for fact in facts if fact.seen]
    if not seen:
        return
    names = some([f"{fact.image} is {fact.seen}" for fact in seen])
    told = f"{len(seen)} of {len(facts)} images were part of the training ({names})"
    if len(seen) < len(facts):
        yield f"{told}: they are left out of all means, and marked in images.csv"
    else:
        yield f"{told}: the figures say how well the training was remembered, not how good the model is"


def remarks_warnings(facts: list[Facts]) -> Iterator[str]:
    """Sum up the remarks on single images, a sentence for each kind."""
    kinds: dict[str, dict[str, str]] = {}
    for fact in facts:
        for remark in filter(None, fact.remarks.split("; ")):
            # what stands before a colon or a comma does not depend on the image
            kinds.setdefault(remark.split(":")[0].split(",")[0], {}).setdefault(fact.image, remark)
    for told in kinds.values():
        different = len(set(told.values()))
        more = f" (and {different - 1} more such remarks in images.csv)" if different > 1 else ""
        yield f"{len(told)} of {len(facts)} images ({some(list(told))}): {next(iter(told.values()))}{more}"


def some(names: list[str]) -> str:
    """The first three of a list, for a sentence."""
    return ", ".join(names[:3]) + (" ..." if len(names) > 3 else "")
