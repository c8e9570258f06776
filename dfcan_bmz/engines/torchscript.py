"""PyTorch runs TorchScript files."""

import re
import zipfile
from pathlib import Path

import numpy as np
import torch

from dfcan_bmz.engines import Network
from dfcan_bmz.errors import DfcanError

# TorchScript cannot import or open anything, but tensors can be saved to and read from any path
REACHES_OUT = re.compile(rb"\b(?:torch|ops\.\w+)\.(_?save\w*|_?load\w*|from_file)\b")


def load(path: Path) -> Network:
    """Load a TorchScript archive as a callable on (N, H, W, 1) float32.

    Raises
    ------
    DfcanError
        If its code may touch files.
    """
    refuse_dangerous(path)
    module = torch.jit.load(path, map_location="cpu").eval()

    def run(batch: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return module(torch.from_numpy(np.ascontiguousarray(batch, np.float32))).numpy()

    return run


def refuse_dangerous(path: Path) -> None:
    """Raise DfcanError if the code of a TorchScript archive may touch files."""
    if not zipfile.is_zipfile(path):
        raise DfcanError("is no TorchScript archive (no zip): write it with torch.jit.save")
    with zipfile.ZipFile(path) as archive:
        code = [archive.read(name) for name in archive.namelist() if name.endswith(".py")]
    found = {match[0].decode() for text in code for match in REACHES_OUT.finditer(text)}
    if found:
        raise DfcanError(f"contains operations that may reach outside of it ({', '.join(sorted(found))})")
