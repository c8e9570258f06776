"""What comes with an extra of the package, and is asked for by name where it is missing."""

import importlib.util
import os

from dfcan_bmz.errors import DfcanError

# of the three extras that bring Keras, `torch` is the one that Fiji's models need too
KERAS = (("keras", os.environ["KERAS_BACKEND"]), "torch")
# what is needed beyond the package's own dependencies, weight formats among it: its modules, and the extra with them
NEEDS = {
    "keras": KERAS,
    "keras_v3": KERAS,
    "torch": (("torch",), "torch"),
    "torchscript": (("torch",), "torch"),
    "tensorflow_saved_model_bundle": (("tensorflow",), "train"),
    "tensorboard": (("tensorboard", "tensorflow"), "tensorboard"),
}


def missing_extra(what: str) -> str | None:
    """Name of the extra to install before something can be used; None where nothing is missing."""
    modules, extra = NEEDS.get(what, ((), None))
    return extra if any(importlib.util.find_spec(module) is None for module in modules) else None


def refuse_without(what: str, user: str) -> None:
    """Raise DfcanError, which says who needs it, if something is missing."""
    if missing_extra(what):
        raise DfcanError(lacking(what, user))


def lacking(what: str, user: str) -> str:
    """Message on something that is missing, and who needs it."""
    return f"{user} needs more than is installed: pip install 'dfcan-bmz[{NEEDS[what][1]}]'"
