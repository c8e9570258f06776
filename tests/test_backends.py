"""Keras' backend is the fastest of those that are installed, unless the user has chosen one."""

import importlib.util
import os
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
    ("card", "installed", "backend"),
    [
        (False, ALL, "torch"),
        (False, {"tensorflow", "jax"}, "tensorflow"),
        (False, {"jax"}, "jax"),
        (False, set(), "tensorflow"),
        (True, ALL, "tensorflow"),
        (True, ALL | {"jax_cuda13_plugin"}, "jax"),
        (True, {"torch"}, "torch"),
    ],
)
def test_the_fastest_installed_backend_is_chosen(monkeypatch, card, installed, backend):
    monkeypatch.setattr(backends, "nvidia_is_here", lambda: card)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name in installed)
    assert backends.fastest_backend() == backend


def test_a_macs_own_accelerator_is_left_to_those_who_ask_for_it(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("KERAS_TORCH_DEVICE", "mps")
    backends.prepare()
    assert os.environ["KERAS_TORCH_DEVICE"] == "mps"
    monkeypatch.delenv("KERAS_TORCH_DEVICE")
    backends.prepare()
    assert os.environ["KERAS_TORCH_DEVICE"] == "cpu"


@pytest.mark.parametrize("chosen", ["tensorflow", "jax", ""])
def test_importing_the_package_chooses_and_the_users_choice_wins(chosen):
    set_by_user = f"os.environ['KERAS_BACKEND'] = {chosen!r}" if chosen else "os.environ.pop('KERAS_BACKEND', None)"
    code = f"import os; {set_by_user}; import dfcan_bmz; print(os.environ['KERAS_BACKEND'])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.strip() == (chosen or backends.fastest_backend())
