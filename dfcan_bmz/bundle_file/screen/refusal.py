"""How a screen says no, and the bound on work that all of them share."""

from collections.abc import Iterable, Mapping

MOST_WORK = 1_000_000  # operations that one call of a network may come to


class UnlistedError(Exception):
    """The text names what was found, in words that end a sentence such as "it is not run: ..."."""


class Patience:
    """A bound on the work of the screen itself, which a stranger's file could drive up without end."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def step(self) -> None:
        """Raise UnlistedError when too much was asked."""
        self.left -= 1
        if self.left < 0:
            raise UnlistedError("more than can be followed")


def named(found: Iterable[str], most: int = 5) -> str:
    """Names in order, the first few of them, fit for a message whatever a stranger has called them."""
    names = sorted({name if name.isprintable() else ascii(name) for name in found})
    return ", ".join(name[:60] for name in names[:most]) + (", ..." if len(names) > most else "")


def refuse_endless(calls: Mapping[str, Iterable[tuple[str, int]]], own: Mapping[str, int]) -> None:
    """Add up what each function comes to, for functions that call each other twice double the work at every level.

    Parameters
    ----------
    calls : mapping
        For each function, those that it calls, and how often.
    own : mapping
        Operations of each function itself.

    Raises
    ------
    UnlistedError
        If functions call each other in a circle, or the operations come to more than `MOST_WORK`.
    """
    total: dict[str, int] = {}
    under_way: list[str] = []

    def work(function: str) -> int:
        if function in under_way:
            raise UnlistedError(f"functions that call each other in a circle ({named([function])})")
        if function not in total:
            under_way.append(function)
            total[function] = own[function] + sum(times * work(other) for other, times in calls[function])
            under_way.pop()
        return total[function]

    if any(work(function) > MOST_WORK for function in own):
        raise UnlistedError(f"more than {MOST_WORK:,} operations for one image")
