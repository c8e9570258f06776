"""A network that PyTorch trains on a processor: the walk over its layers, on the weights that Keras keeps.

Under Keras, its own layers copy what they compute between orders of axes. Here everything stays in one order, channels
last in memory, as in `dfcan_bmz.engines.torch`, whose words these are: those of the convolution and the spectrum know
their gradients. With products in bfloat16, features have 16 bits; weights, Fourier transforms and the output have 32.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import torch
from torch.nn import functional

from dfcan_bmz.engines.torch import Torch, dft_matrix, half_planes, magnitude, products, put_together
from dfcan_bmz.export.graph import Graph, read_graph
from dfcan_bmz.export.walk import steps_of, walk
from dfcan_bmz.models.constants import EPS, EXPONENT

DEVICE = "cpu"
SMALLEST_PX = 8  # that any network takes


class Walked(keras.Model):
    """A network whose layers are walked over; its variables are those of the network.

    Parameters
    ----------
    network : keras.Model
        (N, H, W, frames) to (N, sH, sW, 1), whose variables are float32.
    bfloat16 : bool
        Whether features and the products of convolutions have 16 bits.

    Raises
    ------
    NotImplementedError
        If a layer has no translation.
    """

    def __init__(self, network: keras.Model, bfloat16: bool) -> None:
        super().__init__(name=network.name)
        self.network = network
        self.walk = walking(network, bfloat16)
        with torch.no_grad():
            self.walk(torch.zeros(1, SMALLEST_PX, SMALLEST_PX, network.input_shape[-1]))

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """(N, H, W, frames) to (N, sH, sW, 1)."""
        return self.walk(inputs)


def walking(network: keras.Model, bfloat16: bool) -> Callable[[torch.Tensor], torch.Tensor]:
    """A network as a function that PyTorch differentiates; the weights are those of the network at each call."""
    with tempfile.TemporaryDirectory() as folder:
        network.save(Path(folder) / "network.keras")
        graph = _prepared(read_graph(Path(folder) / "network.keras"))
    words = Differentiable(torch.bfloat16 if bfloat16 else torch.float32)

    def run(inputs: torch.Tensor) -> torch.Tensor:
        with torch.autocast(DEVICE, torch.bfloat16, enabled=bfloat16):
            return walk(_weighted(graph, network), words, inputs.permute(0, 3, 1, 2)).float().permute(0, 2, 3, 1)

    return run


def _prepared(graph: Graph) -> Graph:
    """Find the spectra once, and not at every step of a training."""
    return graph._replace(
        steps=steps_of(graph), within={name: _prepared(inner) for name, inner in graph.within.items()}
    )


def _weighted(graph: Graph, network: keras.Model) -> Graph:
    """A graph with the weights that a network has now, as tensors."""
    weights: dict[str, Any] = {
        name: [torch.as_tensor(variable.value) for variable in network.get_layer(name).weights]
        for name in graph.weights
    }
    within = {name: _weighted(inner, network.get_layer(name)) for name, inner in graph.within.items()}
    return graph._replace(weights=weights, within=within)


class Differentiable(Torch):
    """Words that compute at once, and differentiate."""

    def add(self, run: Callable[..., torch.Tensor], *values: Any) -> Any:
        """Compute."""
        return run(*values)

    def convolution(self, x: Any, kernel: Any, bias: Any, groups: int, padding: int) -> Any:
        """Convolve."""
        weight = kernel.contiguous()  # of small images PyTorch's own convolution knows no other order
        if len(weight) > 1:
            return functional.conv2d(x, weight, bias, padding=padding, groups=groups)
        with torch.autocast(DEVICE, enabled=False):  # the output
            return functional.conv2d(x.float(), weight, bias, padding=padding, groups=groups)

    def spectrum(self, x: Any) -> Any:
        """Transform, in float32."""
        with torch.autocast(DEVICE, enabled=False):
            return Spectrum.apply(x)


class Spectrum(torch.autograd.Function):
    """The spectrum; its gradient is told at once, since slices would each fill a plane."""

    @staticmethod
    def forward(ctx: Any, y: torch.Tensor) -> torch.Tensor:
        """Transform; what the gradient needs is kept."""
        kept, result = [], torch.empty_like(y)
        for image, plane in zip(_planes(y), _planes(result), strict=True):
            both = products(image)
            halves = [magnitude(re, im) for re, im in half_planes(both)]
            put_together(plane, *halves)
            kept += [both, *halves]
        ctx.save_for_backward(*kept)
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        """Gradient by y; 0 where the magnitude is."""
        kept, result = iter(ctx.saved_tensors), torch.empty_like(gradients[0])
        for gradient, plane in zip(_planes(gradients[0]), _planes(result), strict=True):
            plane.copy_(_backward(gradient, next(kept), [next(kept), next(kept)]))
        return result


def _planes(y: torch.Tensor) -> torch.Tensor:
    return y.permute(0, 2, 3, 1)


def _backward(gradient: torch.Tensor, both: torch.Tensor, magnitudes: list[torch.Tensor]) -> torch.Tensor:
    """Gradient by an image, (H, W, C), of its centred magnitudes' one."""
    parts = []
    for (re, im), values, half in zip(half_planes(both), magnitudes, _taken_apart(gradient), strict=True):
        power = re.square().addcmul_(im, im).clamp_min_(EPS)
        slope = half.mul_(values).div_(power).mul_(EXPONENT).masked_fill_(power <= EPS, 0)
        parts.append((re.mul_(slope), im.mul_(slope)))
    (re, im), (other_re, other_im) = parts
    rows = torch.cat([re + other_re, im + other_im], 1), torch.cat([im - other_im, other_re - re], 1)
    height, width, channels = gradient.shape
    along_y = torch.matmul(dft_matrix(width).T, torch.cat(rows))  # (2 (H/2+1), W, C)
    return (dft_matrix(height).T @ along_y.flatten(1)).view(height, width, channels)


def _taken_apart(plane: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The transpose of `dfcan_bmz.engines.torch.put_together`."""
    h, w = plane.shape[0] // 2, plane.shape[1] // 2
    positive, negative = torch.zeros(2, h + 1, w + 1, plane.shape[2])
    positive[:h, :w] = plane[h:, w:]
    positive[1:, 1:] += plane[:h, :w].flip(0, 1)
    negative[1:, :w] = plane[:h, w:].flip(0)
    negative[:h, 1:] += plane[h:, :w].flip(1)
    return positive, negative
