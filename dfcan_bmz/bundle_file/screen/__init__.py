"""What a stranger's weights may hold, format by format: all of it stands on a list, or the weights are not run.

No engine has to be imported, and nothing of the file is executed, to tell.
"""

import importlib
import struct
import zlib
from pathlib import Path
from zipfile import BadZipFile

from dfcan_bmz.bundle_file.screen.refusal import UnlistedError

FORMATS = ("keras_v3", "tensorflow_saved_model_bundle", "torchscript", "onnx")
# NotImplementedError and RecursionError are RuntimeErrors
DAMAGE = (BadZipFile, EOFError, KeyError, MemoryError, OSError, RuntimeError, ValueError, struct.error, zlib.error)


def unlisted(weight_format: str, path: Path) -> str | None:
    """Look through the weights of one format.

    Parameters
    ----------
    weight_format : str
        One of `FORMATS`.
    path : pathlib.Path
        The file.

    Returns
    -------
    str or None
        What it holds that is on no list, or why it cannot be read; None if there is nothing of the kind.
    """
    try:
        importlib.import_module(f"dfcan_bmz.bundle_file.screen.{weight_format}").refuse_unlisted(path)
    except UnlistedError as refusal:
        return str(refusal)
    except DAMAGE as error:
        return f"it is damaged ({' '.join(str(error).split())[:120] or type(error).__name__})"
    return None
