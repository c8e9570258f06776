"""One file per engine: ``load(path)`` returns a callable on (N, H, W, 1) float32."""

import re
from collections.abc import Callable

import numpy as np

Network = Callable[[np.ndarray], np.ndarray]


def reason_of(error: Exception) -> str:
    """What an engine says of its failure, in one line: the last that names an error, as PyTorch begins with others."""
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return next(
        (line for line in reversed(lines) if re.match(r"\s*[\w.]+(Error|Exception): ", line)), lines[0]
    ).strip()[:300]


def engine_of(network: Network) -> str:
    """Which engine runs a network: the file here that it comes from."""
    return network.__module__.rpartition(".")[2]
