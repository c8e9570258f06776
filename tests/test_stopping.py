"""Ctrl-C, SIGTERM and kills end a command at once, and its children with it."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from dfcan_bmz import children
from dfcan_bmz.stopping import ended_by_signals

CHILD = """
import os, sys, time
path = sys.argv[1]
with open(path + ".new", "w") as file:
    file.write(str(os.getpid()))
os.rename(path + ".new", path)
time.sleep(600)
"""
PARENT = """
import os, signal, sys, threading
from pathlib import Path
from dfcan_bmz import children
from dfcan_bmz.stopping import ended_by_signals

with ended_by_signals():
    threading.Thread(target=children.run, args=("waiting_child", sys.argv[1]), daemon=True).start()
    while not Path(sys.argv[1]).exists():
        pass
    if sys.argv[2] == "library":
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    print("ready", flush=True)
    while True:
        pass
"""


@contextmanager
def started(folder, where):
    (folder / "waiting_child.py").write_text(CHILD)
    paths = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(folder / "pid"), where],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
        # a test run in the background of a shell ignores Ctrl-C, and would hand that down
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        try:
            assert process.stdout.readline() == "ready\n", process.stderr.read()
            yield process, int((folder / "pid").read_text())
        finally:
            process.kill()


def wait_for_end(pid):
    """Return when a process is gone, or a zombie that nobody has waited for."""
    while True:
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return
        except (FileNotFoundError, ProcessLookupError):
            return


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_process_whose_main_thread_does_not_come_back_and_its_children(tmp_path, number, code):
    with started(tmp_path, "library") as (process, child):
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
        assert (process.returncode, told.splitlines()[-1].split(";")[0]) == (code, "dfcan-bmz: stopped at once")
        wait_for_end(child)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_signal_ends_a_process_whose_messages_nobody_reads_any_more(tmp_path):
    """``dfcan-bmz ... 2>&1 | tee log``: Ctrl-C ends `tee` first."""
    with started(tmp_path, "library") as (process, child):
        process.stderr.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        wait_for_end(child)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_sigterm_lets_a_process_clear_up(tmp_path):
    with started(tmp_path, "python") as (process, child):
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=60)
        assert (process.returncode, told) == (143, "")
        wait_for_end(child)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_children_end_with_a_parent_that_is_killed(tmp_path):
    with started(tmp_path, "library") as (process, child):
        process.kill()
        process.communicate(timeout=60)
        wait_for_end(child)


def test_a_child_tells_its_code_and_what_it_wrote():
    answer = children.run("json.tool", "there-is-no-such-file")
    assert answer.returncode
    assert "there-is-no-such-file" in answer.stderr
    assert children.run("platform").stdout.strip()


def test_a_child_that_takes_too_long_is_ended():
    with pytest.raises(subprocess.TimeoutExpired):
        children.run("http.server", "0", timeout=0.5)


@pytest.mark.parametrize(("error", "told"), [(KeyboardInterrupt, ""), (SystemExit, ""), (ValueError, "ValueError")])
def test_a_signal_that_comes_while_python_clears_up_prints_no_traceback(monkeypatch, capsys, error, told):
    class Library:
        def __del__(self):
            raise error

    monkeypatch.setattr(sys, "unraisablehook", sys.__unraisablehook__)
    with ended_by_signals():
        Library()
    printed = capsys.readouterr().err
    assert told in printed if told else not printed
