"""A model that every process loads once, however many tasks of it that process runs."""

import threading
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import NamedTuple

from dfcan_bmz.prediction.tiles import Predictor

KEPT = 2  # models in memory

_lock = threading.Lock()


class Load(NamedTuple):
    """How to get a predictor: a function of a module and its arguments, which can be sent to other processes.

    Attributes
    ----------
    function : callable
        Returns the predictor.
    arguments : tuple
        Of the function.
    version : hashable
        Of what it loads: another one is loaded anew, though the arguments are the same.
    """

    function: Callable[..., Predictor]
    arguments: tuple[Hashable, ...]
    version: Hashable = None


def loaded(load: Load) -> Predictor:
    """Predictor of this process, loaded at the first call."""
    with _lock:  # threads that ask at the same time wait for one to load it
        return _loaded(load)


@lru_cache(maxsize=KEPT)
def _loaded(load: Load) -> Predictor:
    return load.function(*load.arguments)
