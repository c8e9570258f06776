"""One file per engine: ``load(path)`` returns a callable on (N, H, W, 1) float32."""

from collections.abc import Callable

import numpy as np

Network = Callable[[np.ndarray], np.ndarray]
