"""PyTorch runs what was read from a ``.keras`` file, with products in bfloat16 where that is asked for.

It keeps the order (N, C, H, W) of the walk, with channels last in memory: there oneDNN convolves twice as fast. Sums of
features, spectra and the output stay float32.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.nn import functional

from dfcan_bmz.engines import Network
from dfcan_bmz.export.graph import Graph
from dfcan_bmz.export.walk import walk
from dfcan_bmz.models.constants import EPS, EXPONENT

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
# x86 and ARM; torch and Linux have the same names for them
BFLOAT16_FEATURES = {"avx512_bf16", "amx_bf16", "bf16"}
FEWEST_INPUTS = 8  # of a convolution, for products in bfloat16: below, there is nothing to gain
SOURCE = 0


def load_graph(graph: Graph, precision: str = "float32") -> Network:
    """Load what was read from a ``.keras`` file as a callable, (N, H, W, C) to (N, H', W', C') float32.

    Parameters
    ----------
    graph : Graph
        The network.
    precision : {"float32", "bfloat16"}
        Of the products in the convolutions.

    Raises
    ------
    NotImplementedError
        If it has a layer without a translation.
    """
    words = Torch(PRECISIONS[precision])
    last = walk(graph, words, Place(SOURCE))

    @torch.inference_mode()
    def run(batch: np.ndarray) -> np.ndarray:
        image = torch.from_numpy(np.ascontiguousarray(batch, np.float32)).permute(0, 3, 1, 2)
        values = {SOURCE: image}
        for index, operation in enumerate(words.operations, SOURCE + 1):
            values[index] = operation.run(*(values[place] for place in operation.places))
            for place in words.last_used[index]:
                del values[place]
        return values[last.number].permute(0, 2, 3, 1).contiguous().numpy()

    words.end(last)
    return run


def bfloat16_is_faster() -> bool:
    """Whether this processor has instructions for products of bfloat16, and oneDNN, which uses them, is there."""
    return torch.backends.mkldnn.is_available() and bool(BFLOAT16_FEATURES & _features())


def _features() -> set[str]:
    """Names of what the processor can do; none where neither torch nor Linux tells."""
    if hasattr(torch.cpu, "get_capabilities"):
        return {name for name, value in torch.cpu.get_capabilities().items() if value is True}
    told = Path("/proc/cpuinfo")
    return set(told.read_text(encoding="utf-8").split()) if told.is_file() else set()


class Place(NamedTuple):
    """Where a value will be: that of the input, or of the result of an operation."""

    number: int


class Operation(NamedTuple):
    """A function of tensors, and the places of these."""

    run: Callable[..., torch.Tensor]
    places: list[int]


class Torch:
    """Operations under construction, in the order in which they run."""

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype
        self.operations: list[Operation] = []
        self.last_used: dict[int, list[int]] = {}

    def add(self, run: Callable[..., torch.Tensor], *values: Any) -> Any:
        """Add an operation and return the place of its result."""
        self.operations.append(Operation(run, [value.number for value in values]))
        return Place(SOURCE + len(self.operations))

    def end(self, last: Place) -> None:
        """Note after which operation each value is needed no more."""
        when: dict[int, int] = {}
        for index, operation in enumerate(self.operations, SOURCE + 1):
            when |= dict.fromkeys((*operation.places, index), index)
        del when[last.number]
        self.last_used = {index: [] for index in range(SOURCE + 1, SOURCE + 1 + len(self.operations))}
        for place, index in when.items():
            self.last_used[index].append(place)

    def convolution(self, x: Place, kernel: np.ndarray, bias: np.ndarray | None, groups: int, padding: int) -> Place:
        small = kernel.shape[1] < FEWEST_INPUTS or kernel.shape[-1] == 1
        dtype = torch.float32 if small else self.dtype
        weight = torch.tensor(kernel).to(dtype).contiguous(memory_format=torch.channels_last)
        added = None if bias is None else torch.tensor(bias).to(dtype)
        return self.add(
            lambda tensor: functional.conv2d(tensor.to(dtype), weight, added, padding=padding, groups=groups).float(), x
        )

    def activation(self, name: str, x: Place) -> Place:
        return self.add({"gelu": functional.gelu, "relu": torch.relu, "sigmoid": torch.sigmoid}[name], x)

    def arithmetic(self, operator: str, x: Place, y: Place | float) -> Place:
        function: Any = {"add": torch.add, "mul": torch.mul}[operator]
        return (
            self.add(lambda tensor: function(tensor, y), x) if isinstance(y, int | float) else self.add(function, x, y)
        )

    def concatenate(self, values: list[Place]) -> Place:
        return self.add(lambda *tensors: torch.cat(tensors, 1), *values)

    def mirror(self, x: Place, rows: tuple[int, int], columns: tuple[int, int]) -> Place:
        return self.add(lambda tensor: functional.pad(tensor, [*columns, *rows], mode="reflect"), x)

    def enlarge(self, x: Place, block: int) -> Place:
        return self.add(lambda tensor: functional.pixel_shuffle(tensor, block), x)

    def every(self, x: Place, step: int) -> Place:
        return self.add(lambda tensor: tensor[:, :, ::step, ::step], x)

    def mean(self, x: Place) -> Place:
        return self.add(lambda tensor: tensor.mean((2, 3), keepdim=True), x)

    def spectrum(self, x: Place) -> Place:
        return self.add(spectrum, x)


def spectrum(y: torch.Tensor) -> torch.Tensor:
    """`dfcan_bmz.models.dfcan.spectrum`, of (N, C, H, W) that is stored channels last, as the result is.

    The transforms are products with matrices, which take that order as it is; they are float32.
    """
    result = torch.empty_like(y)
    for image, plane in zip(y.permute(0, 2, 3, 1), result.permute(0, 2, 3, 1), strict=True):
        put_together(plane, *(magnitude(re, im) for re, im in half_planes(products(image))))
    return result


def magnitude(re: torch.Tensor, im: torch.Tensor) -> torch.Tensor:
    """(re^2 + im^2)^0.4, in the place of the real part."""
    return re.square_().addcmul_(im, im).clamp_min_(EPS).pow_(EXPONENT / 2)


def put_together(plane: torch.Tensor, positive: torch.Tensor, negative: torch.Tensor) -> None:
    """Fill a centred plane, (H, W, C), with values at (+u, v) and at (-u, v), for u = 0..H/2 and v = 0..W/2."""
    h, w = plane.shape[0] // 2, plane.shape[1] // 2
    plane[h:, w:] = positive[:h, :w]
    plane[:h, w:] = negative[1:, :w].flip(0)
    plane[:h, :w] = positive[1:, 1:].flip(0, 1)  # abs(F(-u, -v)) = abs(F(u, v))
    plane[h:, :w] = negative[:h, 1:].flip(1)


def products(y: torch.Tensor) -> torch.Tensor:
    """(H, W, C) times cosines and sines along both axes: (2 (H/2+1), 2 (W/2+1), C)."""
    along_y = (dft_matrix(y.shape[0]) @ y.float().flatten(1)).view(-1, *y.shape[1:])
    return torch.matmul(dft_matrix(y.shape[1]), along_y)


def half_planes(both: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Real and imaginary parts at (+u, v), then at (-u, v), of `products`, for u = 0..H/2 and v = 0..W/2."""
    (rr, ri), (ir, ii) = (rows.chunk(2, 1) for rows in both.chunk(2))
    return [(rr - ii, ri + ir), (rr + ii, ri - ir)]


@lru_cache(maxsize=8)
def dft_matrix(size: int) -> torch.Tensor:
    """(2 (N/2+1), N): orthonormal cosines, then sines, that turn N samples into the frequencies 0..N/2."""
    turns = np.outer(np.arange(size // 2 + 1), np.arange(size)) % size / size
    waves = np.concatenate([np.cos(2 * np.pi * turns), -np.sin(2 * np.pi * turns)])
    return torch.tensor(waves / math.sqrt(size), dtype=torch.float32)
