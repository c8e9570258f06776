"""One file per weight format: ``write(model_file, path)``, run in a fresh process."""

import subprocess
import sys
from pathlib import Path

from dfcan_bmz.errors import UnfinishedError

FILE_NAMES = {
    "keras_v3": "weights.keras",
    # deepImageJ prefers this name and extracts it beside itself
    "tensorflow_saved_model_bundle": "tf_weights.zip",
}


def export(weight_format: str, model_file: Path, folder: Path) -> Path:
    """Write a trained model in one format.

    A process of its own keeps one format's framework, names and settings out of the next one's file.

    Parameters
    ----------
    weight_format : str
        A key of `FILE_NAMES`.
    model_file : pathlib.Path
        A ``.keras`` file.
    folder : pathlib.Path
        Where to write.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    UnfinishedError
        If the writer fails.
    """
    path = folder / FILE_NAMES[weight_format]
    command = [sys.executable, "-m", f"dfcan_bmz.export.{weight_format}", str(model_file), str(path)]
    answer = subprocess.run(command, capture_output=True, text=True)
    if answer.returncode:
        reason = answer.stderr.strip().splitlines()[-1]
        raise UnfinishedError(f"{weight_format} could not be written ({reason}): leave it out of the recipe's formats")
    return path
