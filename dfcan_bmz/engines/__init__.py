"""One file per engine: ``load(path)`` returns a callable on (N, H, W, 1) float32."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dfcan_bmz.errors import DfcanError

Network = Callable[[np.ndarray], np.ndarray]


def reason_of(error: Exception | str) -> str:
    """What an engine says of its failure, in one line.

    That is the last that names an error, as PyTorch begins with others; else the first that is no heading and no place
    in a program, with which TensorFlow begins.
    """
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    naming = [line for line in lines if re.match(r"\s*[\w.]+(Error|Exception): ", line)]
    telling = [line for line in lines if not re.match(r"\s|Detected at |.*:$", line)]
    return (naming[-1:] or telling or lines)[0].strip()[:300]


def engine_of(network: Network) -> str:
    """Which engine runs a network: the file here that it comes from."""
    return network.__module__.rpartition(".")[2]


def damaged(path: Path, error: Exception) -> DfcanError:
    """The error of a ``.keras`` file that cannot be loaded."""
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return DfcanError(f"{path} cannot be loaded ({reason}): is it complete? Train or download it again")
