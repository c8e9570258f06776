"""Commands, run in this process."""

import pytest
from conftest import TINY_TRAINING

from dfcan_bmz import cli
from dfcan_bmz.errors import DfcanError


def invoke(*arguments):
    """Run a command in this process."""
    cli.app([str(argument) for argument in arguments], standalone_mode=False)


def expect_refusal(*arguments, match):
    with pytest.raises(DfcanError, match=match) as refusal:
        invoke(*arguments)
    assert refusal.value.exit_code == 2
    assert "\n" not in str(refusal.value)


def train_arguments(pairs, out, *settings):
    overrides = [argument for setting in (*TINY_TRAINING, *settings) for argument in ("--set", setting)]
    return ["train", "--lr", pairs / "lr", "--hr", pairs / "hr", "--out", out, *overrides]
