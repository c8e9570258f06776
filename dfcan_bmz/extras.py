"""What comes with an extra of the package, and is asked for by name where it is missing."""

import importlib.util
import os

from dfcan_bmz.errors import DfcanError

MODULES = {
    "keras": ("keras",),
    "torch": ("torch",),
    "scale": ("dask", "distributed", "zarr"),
    "notebook": ("ipywidgets",),
    "napari": ("napari",),
    "tensorboard": ("tensorboard", "tensorflow"),
}

# weight formats that run in an engine beyond the package's own dependencies: its module, and the extra that brings it
ENGINES = {
    "keras_v3": ("keras", "torch"),
    "tensorflow_saved_model_bundle": ("tensorflow", "train"),
    "torchscript": ("torch", "torch"),
}


def missing_extra(weight_format: str) -> str | None:
    """Name of the extra to install before a format can be run; None where nothing is missing."""
    module, extra = ENGINES.get(weight_format, ("onnxruntime", None))
    return None if importlib.util.find_spec(module) else extra


def is_missing(extra: str) -> bool:
    """Whether something of an extra, or Keras with a backend, is not installed."""
    modules = MODULES[extra]
    if extra == "keras":
        modules = (*modules, os.environ["KERAS_BACKEND"])
    return any(importlib.util.find_spec(module) is None for module in modules)


def refuse_without(extra: str, what: str) -> None:
    """Raise DfcanError, which says what needs it, if an extra is missing."""
    if is_missing(extra):
        raise DfcanError(lacking(extra, what))


def lacking(extra: str, what: str) -> str:
    """Message on an extra that is missing, or on Keras, and what needs it."""
    extra = "torch" if extra == "keras" else extra  # of the three that bring it, the one that Fiji's models need too
    return f"{what} needs more than is installed: pip install 'dfcan-bmz[{extra}]'"
