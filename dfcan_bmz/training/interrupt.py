"""Ctrl-C at a moment of our choosing: raised anywhere, a library's callback may swallow it."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def interrupt_between_steps() -> Iterator[Callable[[], None]]:
    """Hold back Ctrl-C and yield a function that raises it; a second Ctrl-C is not held back.

    Signals belong to the main thread, and a process in the background may ignore them: there, nothing changes.
    """
    previous = signal.getsignal(signal.SIGINT)
    asked: list[bool] = []

    def hold(*_: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(True)

    def release() -> None:
        if asked:
            raise KeyboardInterrupt

    ours = threading.current_thread() is threading.main_thread() and previous is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, hold)
    try:
        yield release
    finally:
        if ours:
            signal.signal(signal.SIGINT, previous)
