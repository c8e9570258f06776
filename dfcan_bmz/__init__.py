"""From pairs of micrographs to a super-resolution model that anyone can run.

::

    simulate    pairs of images, without a microscope         -> folder with lr/ and hr/
    degrade     pairs of images, from high-resolution ones    -> folder with lr/ and hr/
    train       a network on pairs of images                  -> run folder
    open_model  a run folder or a bundle, for prediction      -> Model
    predict     an array or an image file, super-resolved     -> array
    evaluate    a model against strong baselines              -> Report
    compare     several models on the same pairs              -> Report
    package     a run folder for the BioImage Model Zoo       -> bundle
    check       a bundle, in every engine                     -> verdicts

Images are given as arrays or as paths; a function returns values, prints nothing, and reports what it does to its
`events`. Errors that you can act on are `dfcan_bmz.errors.DfcanError`.

>>> import dfcan_bmz
>>> data = dfcan_bmz.simulate("data", "actin")
>>> run = dfcan_bmz.train(data / "lr", data / "hr", out="runs/actin")
>>> sharp = dfcan_bmz.predict(run, image)
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

from dfcan_bmz.backends import prepare

if TYPE_CHECKING:
    from dfcan_bmz.bundle.check import check
    from dfcan_bmz.bundle.package import package
    from dfcan_bmz.config import Config
    from dfcan_bmz.events import Events
    from dfcan_bmz.model import Model, open_model
    from dfcan_bmz.prediction.arrays import predict
    from dfcan_bmz.report.files import compare, evaluate
    from dfcan_bmz.sets.degrade import degrade
    from dfcan_bmz.sets.simulate import simulate
    from dfcan_bmz.training.run import train

__version__ = "0.1.0"
__all__ = [
    "Config",
    "Events",
    "Model",
    "check",
    "compare",
    "degrade",
    "evaluate",
    "open_model",
    "package",
    "predict",
    "simulate",
    "train",
]

# The one place where the Keras backend is chosen: this module is imported before anything here imports Keras.
prepare()
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Threads of PyTorch that spin while they wait take the processor from each other wherever another program runs; read
# when its library is loaded, here and in child processes.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# imported when first used, so that importing the package is instant
_MODULES = {
    "Config": "config",
    "Events": "events",
    "Model": "model",
    "check": "bundle.check",
    "compare": "report.files",
    "degrade": "sets.degrade",
    "evaluate": "report.files",
    "open_model": "model",
    "package": "bundle.package",
    "predict": "prediction.arrays",
    "simulate": "sets.simulate",
    "train": "training.run",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name != "keras":
            raise
        from dfcan_bmz.extras import lacking

        raise ImportError(lacking("keras", f"dfcan_bmz.{name}")) from error


def __dir__() -> list[str]:
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])
