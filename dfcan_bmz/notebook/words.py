"""What the package says, in the words of the notebook: names of forms, not options of a command line."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

# key of the settings: the field of a form that sets it
FIELDS = {
    "model.scale": "down_factor",
    "model.name": "model_size",
    "model.filters": "model_size",
    "model.groups": "model_size",
    "model.blocks": "model_size",
    "model.output": "output",
    "data.patch_size": "source_patch_size",
    "data.patches_per_image": "number_of_patches",
    "data.validation": "percentage_validation",
    "data.augment": "Use_Data_augmentation",
    "train.epochs": "number_of_epochs",
    "train.batch_size": "batch_size",
    "train.accumulate": "batch_size",
    "train.learning_rate": "initial_learning_rate",
    "train.schedule": "learning_rate_schedule",
    "train.patience": "patience",
    "train.minutes": "time_limit_minutes",
    "train.init": "pretrained_model_path",
}
PHRASES = (
    (
        r"\S+ names no `maintainers` .*",
        "to publish it, the zoo needs a maintainer: enter your GitHub user name as GitHub_user, or continue without",
    ),
    (r"swap --lr and --hr", "swap the two folders in the form"),
    (r"; train with --lr (\S+) --hr (\S+)", r": enter \1 as Training_source and \2 as Training_target"),
    (
        r"(to continue \S+, )?repeat the command with --resume",
        "to continue, tick Continue_training and run the cell again",
    ),
    (
        r"finish the training with `dfcan-bmz train --resume`",
        "finish the training: tick Continue_training in section 4.2",
    ),
    (r"continue with `dfcan-bmz train --resume`", "continue it: tick Continue_training in section 4.2"),
    (r"\(a larger train\.epochs with --resume\)", "(a larger number_of_epochs, with Continue_training ticked)"),
    (
        r"resume it with the settings that it had, or train again with --overwrite",
        "enter the settings that it had, or untick Continue_training and tick Overwrite_model",
    ),
    (r"choose another place, or pass --overwrite", "choose another name or folder"),
    (r"make room or choose another --out", "make room or choose another folder"),
    (r"choose another --out or pass --overwrite", "choose another folder"),
    (r"(choose|give) (another|a folder as) --out", "choose another name or folder"),
    (r"give the --out of a `dfcan-bmz train`", "give the folder of a model"),
    (r"give the --out of a `dfcan-bmz evaluate`", "run section 5.3 first"),
    (r"pass its folder, the one with jars and plugins, as --fiji", "enter its folder, the one with jars and plugins"),
    (r"take --dtype uint16, which halves it", "predict fewer images at a time"),
    (r"--set model\.filters=64 chooses it", "model_size: published chooses it"),
    (
        r"--set train\.batch_size=(\d+) keeps it whole",
        r"untick the default and enter \1 as batch_size to keep it whole",
    ),
    (r"(train with|pass) --set ([\w.]+)=(\S+)", lambda found: f"enter {found[3]} as {_field(found[2])}"),
    (r"--like", "your images"),
    (r"--lr\b", "the folder of low-resolution images"),
    (r"--hr\b", "the folder of high-resolution images"),
    (r"; see `dfcan-bmz trust`", ""),
    (r"\b(model|data|train)\.[a-z_]+", lambda found: _field(found[0])),
)


def spoken(text: str) -> str:
    """A message of the package in the notebook's words."""
    for pattern, words in PHRASES:
        text = re.sub(pattern, words, text)
    return text


def _field(key: str) -> str:
    return FIELDS.get(key, key)


class _Speaker:
    """A stream of text that says each message in the notebook's words."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(spoken(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def speaking() -> Iterator[None]:
    """Print in the notebook's words in this block."""
    with redirect_stdout(_Speaker(sys.stdout)), redirect_stderr(_Speaker(sys.stderr)):
        yield
