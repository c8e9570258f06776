"""``.keras``: the trained model's own file."""

import shutil
from pathlib import Path


def write(model_file: Path, path: Path) -> None:
    """Copy a ``.keras`` file: loading and saving it anew would only change its date."""
    shutil.copyfile(model_file, path)
