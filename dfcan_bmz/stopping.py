"""Ctrl-C and SIGTERM: a command ends within two seconds, whatever a library is doing.

Python raises in its main thread, and only when that is back from a library: a step of a training or a large image may
take minutes. So another thread hears of the signal too. It ends the children, gives the main thread a moment to clear
up, and then ends the process. What is under way is in a state then from which the next start finds its way.
"""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dfcan_bmz import children

GRACE_S = 1.5
SIGNALS = (signal.SIGINT, signal.SIGTERM)
ENDS = (KeyboardInterrupt, SystemExit)  # where a destructor loses them, the listener ends the process all the same


def exit_code(number: int) -> int:
    """Exit code of a process that a signal ended, as shells have it: 130 for Ctrl-C, 143 for SIGTERM."""
    return 128 + number


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end this process within two seconds of time, whatever it is doing.

    Once one has come, the process ends with the block, without what libraries do at the end of a process, which may
    take long too. Enter it in the main thread.
    """
    before, hook = signal.signal(signal.SIGTERM, _terminate), sys.unraisablehook
    sys.unraisablehook = lambda lost: None if issubclass(lost.exc_type, ENDS) else hook(lost)
    heard, told = socket.socketpair()  # on Windows a pipe will not do
    told.setblocking(False)
    descriptor = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    screen = os.dup(2)  # where libraries are silenced, this is still seen
    listener = threading.Thread(target=_listen, args=(heard, screen), daemon=True)
    listener.start()
    try:
        yield
    except SystemExit as end:
        if isinstance(end.code, int) and end.code in map(exit_code, SIGNALS):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(end.code)
        raise
    finally:
        signal.set_wakeup_fd(descriptor)
        signal.signal(signal.SIGTERM, before)
        sys.unraisablehook = hook
        told.close()


def _terminate(number: int, _: object) -> None:
    raise SystemExit(exit_code(number))


def _listen(heard: socket.socket, screen: int) -> None:
    while number := int.from_bytes(heard.recv(1)):
        if number in SIGNALS:
            children.end_all()
            time.sleep(GRACE_S)
            with suppress(OSError):  # Ctrl-C ends the `tee` that reads it, too
                os.write(screen, b"dfcan-bmz: stopped at once; repeat the command, with --resume where it has that\n")
            os._exit(exit_code(number))
    os.close(screen)
    heard.close()
