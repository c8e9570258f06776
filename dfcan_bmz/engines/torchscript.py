"""PyTorch runs TorchScript files."""

from pathlib import Path

import numpy as np
import torch

from dfcan_bmz.engines import Network


def load(path: Path) -> Network:
    """Load a TorchScript archive as a callable on (N, H, W, 1) float32.

    PyTorch has no safe mode for them: whoever calls this has screened the file, or knows who made it.
    """
    module = torch.jit.load(path, map_location="cpu").eval()

    def run(batch: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return module(torch.from_numpy(np.ascontiguousarray(batch, np.float32))).numpy()

    return run
