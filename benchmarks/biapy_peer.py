"""BiaPy's DFCAN module, the peer of these benchmarks, from its unpacked wheel."""

import importlib.util
import sys
import types
from pathlib import Path
from typing import Any


def biapy_dfcan(folder: Path, patch: int, scale: int) -> Any:
    """Build the module, loaded alone: of its package it needs one function, which names activations."""
    import torch

    blocks = types.ModuleType("biapy.models.blocks")
    blocks.get_activation = {"sigmoid": torch.nn.Sigmoid(), "linear": torch.nn.Identity()}.__getitem__
    sys.modules["biapy.models.blocks"] = blocks
    specification = importlib.util.spec_from_file_location("biapy_dfcan", folder / "biapy/models/dfcan.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.DFCAN(ndim=2, input_shape=(patch, patch, 1), scale=scale)
