"""A network that PyTorch trains on a processor: the walk over its layers, on the weights that Keras keeps.

Under Keras, its own layers copy what they compute between orders of axes. Here everything stays in one order, channels
last in memory, as in `dfcan_bmz.engines.torch`, whose words these are: those of the convolution and the spectrum know
their gradients. With products in bfloat16, features have 16 bits, and weights, spectra and the output 32.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import torch
from torch.nn import functional

from dfcan_bmz.engines.torch import Torch, spectrum
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
        """Transform; float32."""
        with torch.autocast(DEVICE, enabled=False):
            return spectrum(x.float(), Magnitude.apply)


class Magnitude(torch.autograd.Function):
    """(re^2 + im^2)^0.4, whose gradient needs no further power."""

    @staticmethod
    def forward(ctx: Any, re: torch.Tensor, im: torch.Tensor) -> torch.Tensor:
        """Of real and imaginary parts."""
        power = re.square().addcmul_(im, im).clamp_min_(EPS)
        magnitude = power.pow(EXPONENT / 2)
        ctx.save_for_backward(re, im, power, magnitude)
        return magnitude

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Gradients by both; 0 where the magnitude is."""
        re, im, power, magnitude = ctx.saved_tensors
        part = (gradients[0] * magnitude).div_(power).mul_(EXPONENT).masked_fill_(power <= EPS, 0)
        return part * re, part * im
