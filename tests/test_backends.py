"""Keras' backend is the fastest of those that are installed, unless the user has chosen one."""

import importlib.util
import subprocess
import sys

import pytest

from dfcan_bmz import backends


@pytest.mark.parametrize(("setting", "hidden"), [("", True), ("-1", True), ("0", False), (None, False)])
def test_a_card_is_hidden_by_the_variable_that_hides_it_from_every_program(monkeypatch, setting, hidden, tmp_path):
    monkeypatch.setattr(backends, "DRIVERS", [tmp_path])
    if setting is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", setting)
    assert backends.nvidia_is_here() is not hidden


ALL = {"tensorflow", "torch", "jax"}


@pytest.mark.parametrize(
    ("platform", "card", "installed", "backend"),
    [
        ("linux", False, ALL, "torch"),
        ("win32", False, ALL, "torch"),
        ("darwin", False, ALL, "tensorflow"),
        ("linux", False, {"tensorflow", "jax"}, "tensorflow"),
        ("linux", False, {"jax"}, "jax"),
        ("linux", False, set(), "tensorflow"),
        ("linux", True, ALL, "tensorflow"),
        ("linux", True, ALL | {"jax_cuda13_plugin"}, "jax"),
        ("linux", True, {"torch"}, "torch"),
    ],
)
def test_the_fastest_installed_backend_is_chosen(monkeypatch, platform, card, installed, backend):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(backends, "nvidia_is_here", lambda: card)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name in installed)
    assert backends.fastest_backend() == backend


@pytest.mark.parametrize("chosen", ["tensorflow", "jax", ""])
def test_importing_the_package_chooses_and_the_users_choice_wins(chosen):
    set_by_user = f"os.environ['KERAS_BACKEND'] = {chosen!r}" if chosen else "os.environ.pop('KERAS_BACKEND', None)"
    code = f"import os; {set_by_user}; import dfcan_bmz; print(os.environ['KERAS_BACKEND'])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.strip() == (chosen or backends.fastest_backend())
