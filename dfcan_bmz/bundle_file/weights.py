"""From a bundle's weights to a callable: out of the zip, past the screen, into the engine."""

import importlib
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from pathlib import Path

import numpy as np

from dfcan_bmz.bundle_file.read import Bundle
from dfcan_bmz.bundle_file.screen import unlisted
from dfcan_bmz.engines import Network, apart, reason_of
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.export import FILE_NAMES

# formats whose engines bound neither what a network does nor what it takes
UNBOUNDED = ("tensorflow_saved_model_bundle", "torchscript", "onnx")
Load = Callable[[Path], Network]


@contextmanager
def weights_file(bundle: Bundle, name: str) -> Iterator[Path]:
    """Yield the weights of one format, copied out of a bundle.

    Raises
    ------
    DfcanError
        If they hold anything that is not listed in `dfcan_bmz.bundle_file.screen`, and the author is not trusted.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE_NAMES[name]
        with (
            zipfile.ZipFile(bundle.path) as archive,
            archive.open(bundle.weights[name]) as source,
            path.open("wb") as file,
        ):
            shutil.copyfileobj(source, file)
        if not bundle.trusted and (reason := unlisted(name, path)):
            raise DfcanError(
                f"{bundle.path}: its {name} weights are not run because they contain what networks do not need: "
                f"{reason}; run it with --trust if you know who made it"
            )
        yield path


def load_network(bundle: Bundle, name: str, load: Load | None = None) -> Network:
    """Load the weights of one format.

    Parameters
    ----------
    bundle : Bundle
        Where they are.
    name : str
        Their format.
    load : callable, optional
        An engine; if it is left out, that of this project for the format, in a process of its own where it bounds
        nothing and the author is not trusted.

    Returns
    -------
    callable
        The network; a tile on which it fails is an error that names the bundle.

    Raises
    ------
    DfcanError
        If they must not be run, or the engine cannot load them.
    """
    if load is None:
        confined = name in UNBOUNDED and not bundle.trusted
        load = partial(apart.load, name) if confined else importlib.import_module(f"dfcan_bmz.engines.{name}").load
    with weights_file(bundle, name) as path:
        try:
            network = load(path)
        except DfcanError as error:
            raise DfcanError(str(error).replace(str(path), str(bundle.path))) from error
        except Exception as error:  # every engine has its own ways to fail
            reason = reason_of(error).replace(str(path), path.name)
            raise DfcanError(
                f"{bundle.path}: its {name} weights cannot be loaded ({reason}): package the model again"
            ) from error

    @wraps(network)
    def run(batch: np.ndarray) -> np.ndarray:
        try:
            return network(batch)
        except Exception as error:
            size = " x ".join(map(str, batch.shape[1:3]))
            raise DfcanError(
                f"{bundle.path}: its {name} weights fail on a tile of {size} px ({reason_of(error)}): "
                "`dfcan-bmz check` says more"
            ) from error

    return run
