"""PyTorch runs the DFCAN of a ``.keras`` file faster than Keras does on a processor, with the same result.

What is done about where the time goes (docs/prediction.md has the measurements):

- Everything stays in the order (H, W, C), in which oneDNN convolves twice as fast as in (C, H, W).
- The Fourier transforms are products with matrices, which take that order as it is.
- The last convolution works on LR pixels, before the pixel shuffle, which then moves one channel and not `filters`.
- Memory that is freed is kept for the next layer.
- With `precision="bfloat16"` the inner convolutions multiply in bfloat16; sums of features, spectra and the output stay
  float32.
"""

import ctypes
import math
import sys
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import torch
from torch.nn import functional

from dfcan_bmz.engines import Network
from dfcan_bmz.engines.keras_v3 import agrees
from dfcan_bmz.models.dfcan import EPS, EXPONENT, dfcan

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
# x86 and ARM; torch and Linux have the same names for them
BFLOAT16_FEATURES = {"avx512_bf16", "amx_bf16", "bf16"}
KEPT_BYTES = 2**28  # the largest tensor, of 256 channels, at 502 x 502 px


class Convolution(NamedTuple):
    """Kernel (out, in, h, w), channels last, in the precision of the products, and bias (out,)."""

    kernel: torch.Tensor
    bias: torch.Tensor


class Sizes(NamedTuple):
    """What `dfcan_bmz.models.dfcan.dfcan` was called with."""

    scale: int
    filters: int
    groups: int
    blocks: int
    output: str


def callable_of(model: keras.Model, precision: str = "float32") -> Network | None:
    """Wrap a Keras DFCAN as a callable, (N, H, W, 1) to (N, sH, sW, 1) float32.

    Parameters
    ----------
    model : keras.Model
        The network.
    precision : {"float32", "bfloat16"}
        Of the products in the convolutions.

    Returns
    -------
    callable or None
        None if the network is no DFCAN, or does not compute here what it computes in Keras.
    """
    sizes = sizes_of(model)
    if sizes is None:
        return None
    _keep_freed_memory()
    exact = _network(model, sizes, torch.float32)
    if not agrees(model, exact):
        return None
    return exact if precision == "float32" else _network(model, sizes, PRECISIONS[precision])


def bfloat16_is_faster() -> bool:
    """Whether this processor has instructions for products of bfloat16, and oneDNN, which uses them, is there."""
    return torch.backends.mkldnn.is_available() and bool(BFLOAT16_FEATURES & _features())


def _features() -> set[str]:
    """Names of what the processor can do; none where neither torch nor Linux tells."""
    if hasattr(torch.cpu, "get_capabilities"):
        return {name for name, value in torch.cpu.get_capabilities().items() if value is True}
    told = Path("/proc/cpuinfo")
    return set(told.read_text(encoding="utf-8").split()) if told.is_file() else set()


def sizes_of(model: keras.Model) -> Sizes | None:
    """Sizes of a DFCAN, from its graph; None if the graph is not what `dfcan` builds."""
    kinds = [type(operation).__name__ for operation in model.operations]
    blocks, rest = divmod(kinds.count("Conv2D") - 3, 5)
    groups = kinds.count("Add") - 5 * blocks  # four additions in a spectrum, one in a block, one in a group
    if blocks < 1 or rest or groups < 1 or blocks % groups or "DepthToSpace" not in kinds:
        return None
    convolutions = _convolutions(model)
    filters = convolutions[0].filters
    scale = math.isqrt(convolutions[-2].filters // filters)
    sizes = Sizes(scale, filters, groups, blocks // groups, convolutions[-1].activation.__name__)
    same = [type(operation).__name__ for operation in dfcan(*sizes).operations]
    return sizes if kinds == same else None


def _convolutions(model: keras.Model) -> list[keras.layers.Conv2D]:
    """In the order of computation."""
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]


def _keep_freed_memory() -> None:
    """Let glibc keep freed blocks: it gives large ones back to the system, which zeroes each page for the next layer.

    Keeping them makes 256 px 1.3 times and 502 px 2.5 times as fast (docs/prediction.md).
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt"):  # musl has none
            libc.mallopt(M_MMAP_THRESHOLD, KEPT_BYTES)
            libc.mallopt(M_TRIM_THRESHOLD, 2 * KEPT_BYTES)


def _network(model: keras.Model, sizes: Sizes, dtype: torch.dtype) -> Network:
    weights = [layer.get_weights() for layer in _convolutions(model)]
    of_first, *inner, of_up, of_last = [(np.asarray(kernel), np.asarray(bias)) for kernel, bias in weights]
    first, up = _convolution(*of_first, torch.float32), _convolution(*of_up, dtype)
    last = _convolution(*_before_shuffle(*of_last, sizes.scale), dtype)
    blocks = [_block(inner[start : start + 5], dtype) for start in range(0, len(inner), 5)]

    @torch.inference_mode()
    def run(batch: np.ndarray) -> np.ndarray:
        image = torch.from_numpy(np.ascontiguousarray(batch, np.float32)).permute(0, 3, 1, 2)
        x = functional.gelu(_convolve(image, first))
        for start in range(0, len(blocks), sizes.blocks):
            y = x
            for block in blocks[start : start + sizes.blocks]:
                y = _attention_block(y, *block)
            x = x + y
        x = _convolve(functional.gelu(_convolve(x, up)), last)
        x = functional.pixel_shuffle(x.contiguous(), sizes.scale)
        return (x.sigmoid() if sizes.output == "sigmoid" else x).permute(0, 2, 3, 1).numpy()

    return run


def _convolution(kernel: np.ndarray, bias: np.ndarray, dtype: torch.dtype) -> Convolution:
    turned = torch.tensor(kernel.transpose(3, 2, 0, 1)).to(dtype)
    return Convolution(turned.contiguous(memory_format=torch.channels_last), torch.tensor(bias).to(dtype))


def _before_shuffle(kernel: np.ndarray, bias: np.ndarray, s: int) -> tuple[np.ndarray, np.ndarray]:
    """Turn a convolution of (sH, sW, C) to (sH, sW, 1) into one of (H, W, s^2 C) to (H, W, s^2), before the shuffle."""
    channels = kernel.shape[2]
    before = np.zeros((3, 3, s, s, channels, s, s), np.float32)  # LR tap, phase of the input, channel, phase of output
    for y in range(s):
        for x in range(s):
            for (tap_y, tap_x), weights in zip(np.ndindex(3, 3), kernel.reshape(9, channels), strict=True):
                (row, phase_y), (column, phase_x) = divmod(y + tap_y - 1, s), divmod(x + tap_x - 1, s)
                before[row + 1, column + 1, phase_y, phase_x, :, y, x] = weights
    return before.reshape(3, 3, s * s * channels, s * s), np.repeat(bias, s * s)


def _block(weights: list[tuple[np.ndarray, np.ndarray]], dtype: torch.dtype) -> tuple:
    squeeze, excite = ((torch.tensor(kernel[0, 0]), torch.tensor(bias)) for kernel, bias in weights[3:])
    return *(_convolution(*pair, dtype) for pair in weights[:3]), squeeze, excite


def _convolve(x: torch.Tensor, convolution: Convolution) -> torch.Tensor:
    """'Same' convolution; float32 (N, C, H, W) to float32 (N, C', H, W), stored channels last."""
    kernel, bias = convolution
    return functional.conv2d(x.to(kernel.dtype), kernel, bias, padding="same").float()


def _attention_block(x: torch.Tensor, first, second, third, squeeze, excite) -> torch.Tensor:
    y = functional.gelu(_convolve(x, first))
    y = functional.gelu(_convolve(y, second))
    w = _convolve(spectrum(y), third).relu_().mean((2, 3))  # (N, C)
    w = torch.addmm(squeeze[1], w, squeeze[0]).relu_()
    w = torch.addmm(excite[1], w, excite[0]).sigmoid_()
    return torch.addcmul(x, y, w[:, :, None, None])


def spectrum(y: torch.Tensor) -> torch.Tensor:
    """`dfcan_bmz.models.dfcan.spectrum`, of (N, C, H, W) float32 that is stored channels last, as the result is."""
    spectra = [_spectrum(image) for image in y.permute(0, 2, 3, 1)]
    return (torch.stack(spectra) if len(spectra) > 1 else spectra[0][None]).permute(0, 3, 1, 2)


def _spectrum(y: torch.Tensor) -> torch.Tensor:
    """(H, W, C) to (H, W, C)."""
    positive, negative = _half_planes(y)  # at (+u, v) and (-u, v), for u = 0..H/2 and v = 0..W/2
    h, w = y.shape[0] // 2, y.shape[1] // 2
    centred = torch.empty_like(y)
    centred[h:, w:] = positive[:h, :w]
    centred[:h, w:] = negative[1:, :w].flip(0)
    centred[h:, :w] = negative[:h, 1:].flip(1)  # abs(F(u, -v)) = abs(F(-u, v))
    centred[:h, :w] = positive[1:, 1:].flip(0, 1)
    return centred


def _half_planes(y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    height, width, channels = y.shape
    k = height // 2 + 1
    along_y = (_dft_matrix(height) @ y.reshape(height, -1)).view(2 * k, width, channels)
    both = torch.matmul(_dft_matrix(width), along_y)  # (2 k, 2 (W/2+1), C): real and imaginary parts of each other
    v = width // 2 + 1
    rr, ri, ir, ii = both[:k, :v], both[:k, v:], both[k:, :v], both[k:, v:]
    return _magnitude(rr - ii, ri + ir), _magnitude(rr + ii, ri - ir)


def _magnitude(re: torch.Tensor, im: torch.Tensor) -> torch.Tensor:
    return re.square_().add_(im.square_()).clamp_min_(EPS).pow_(EXPONENT / 2)


@lru_cache(maxsize=8)
def _dft_matrix(size: int) -> torch.Tensor:
    """(2 (N/2+1), N): orthonormal cosines, then sines, that turn N samples into the frequencies 0..N/2."""
    turns = np.outer(np.arange(size // 2 + 1), np.arange(size)) % size / size
    waves = np.concatenate([np.cos(2 * np.pi * turns), -np.sin(2 * np.pi * turns)])
    return torch.tensor(waves / math.sqrt(size), dtype=torch.float32)
