"""Networks of BiaPy, the peer of these benchmarks, from its unpacked wheel."""

import importlib.util
import sys
import types
from pathlib import Path
from typing import Any


def biapy_dfcan(folder: Path, patch: int, scale: int) -> Any:
    """Build the DFCAN module."""
    return _module(folder, "dfcan").DFCAN(ndim=2, input_shape=(patch, patch, 1), scale=scale)


def biapy_workflow_dfcan(folder: Path, patch: int, scale: int) -> Any:
    """Build DFCAN as the super-resolution workflow does: its output is linear."""
    linear = {"out_channels": 1, "head_activations": ["linear"]}
    return _module(folder, "dfcan").DFCAN(ndim=2, input_shape=(patch, patch, 1), scale=scale, **linear)


def biapy_workflow_rcan(folder: Path, scale: int) -> Any:
    """Build RCAN as the super-resolution workflow does, of the size that its configuration has by default."""
    size = {"filters": 16, "num_rg": 10, "num_rcab": 20, "reduction": 16}
    return _module(folder, "rcan").rcan(ndim=2, num_channels=1, scale=scale, head_activations=["linear"], **size)


def _module(folder: Path, name: str) -> types.ModuleType:
    """A file of its models, loaded alone: of the package they need one function, which names activations."""
    import torch

    blocks = types.ModuleType("biapy.models.blocks")
    blocks.get_activation = {"sigmoid": torch.nn.Sigmoid(), "linear": torch.nn.Identity()}.__getitem__
    sys.modules["biapy.models.blocks"] = blocks
    specification = importlib.util.spec_from_file_location(f"biapy_{name}", folder / f"biapy/models/{name}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
