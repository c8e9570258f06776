"""TorchScript, written without torch: code that a person can read, with free N, H and W, for PyTorch 1.13 and newer."""

from pathlib import Path

import numpy as np

from dfcan_bmz.export.graph import read_graph
from dfcan_bmz.export.torchscript_archive import write_archive
from dfcan_bmz.export.walk import walk
from dfcan_bmz.models.constants import EPS, EXPONENT

CODE = """\
class Network(Module):
  __parameters__ = []
  __buffers__ = []
{attributes}
  training : bool
  def forward(self: __torch__.Network,
    image: Tensor) -> Tensor:
{lines}
    return {output}
{methods}"""
# abs(F(u, -v)) = abs(F(-u, v)): half of the plane is transformed, the other half mirrored
SPECTRUM = f"""\
  def spectrum(self: __torch__.Network,
    x: Tensor) -> Tensor:
    magnitude = torch.abs(torch.fft_rfft2(x, None, [-2, -1], "ortho"))
    right = torch.pow(torch.clamp_min(magnitude, {EPS**0.5}), {EXPONENT})
    left = torch.roll(torch.flip(torch.slice(right, 3, 1), [2, 3]), [1], [2])
    plane = torch.cat([left, torch.slice(right, 3, 0, -1)], 3)
    return torch.fft_fftshift(plane, [2])
"""


def write(model_file: Path, path: Path) -> None:
    """Translate a ``.keras`` file.

    Raises
    ------
    NotImplementedError
        If the network has a layer without a translation.
    """
    words = TorchScript()
    source = words.line("torch.permute(image, [0, 3, 1, 2])")
    output = words.line(f"torch.permute({walk(read_graph(model_file), words, source)}, [0, 2, 3, 1])")
    code = CODE.format(
        attributes="\n".join(f"  {name} : Tensor" for name in words.weights),
        lines="\n".join(f"    {line}" for line in words.lines),
        output=output,
        methods=SPECTRUM if words.spectra else "",
    )
    write_archive(path, code, words.weights)


class TorchScript:
    """Lines and weights under construction; a value is the name of a variable."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.weights: dict[str, np.ndarray] = {}
        self.names: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self.spectra = False

    def line(self, expression: str) -> str:
        """Assign an expression to a variable and return the variable's name."""
        name = f"x{len(self.lines)}"
        self.lines.append(f"{name} = {expression}")
        return name

    def convolution(self, x: str, kernel: np.ndarray, bias: np.ndarray | None, groups: int, padding: int) -> str:
        weights = [self._weight("kernel", kernel), "None" if bias is None else self._weight("bias", bias)]
        return self.line(f"torch.conv2d({x}, {', '.join(weights)}, [1, 1], [{padding}, {padding}], [1, 1], {groups})")

    def _weight(self, role: str, array: np.ndarray) -> str:
        """Attribute that holds a weight; equal ones, as those of a layer that is used twice, are stored once."""
        key = (role, array.shape, array.tobytes())
        if key not in self.names:
            self.names[key] = f"{role}_{sum(name.startswith(role) for name in self.weights)}"
            self.weights[self.names[key]] = array
        return f"self.{self.names[key]}"

    def activation(self, name: str, x: str) -> str:
        return self.line(f"torch.{name}({x})")

    def arithmetic(self, operator: str, x: str, y: str | float) -> str:
        return self.line(f"torch.{operator}({x}, {y})")

    def concatenate(self, values: list[str]) -> str:
        return self.line(f"torch.cat([{', '.join(values)}], 1)")

    def mirror(self, x: str, rows: tuple[int, int], columns: tuple[int, int]) -> str:
        return self.line(f"torch.reflection_pad2d({x}, {[*columns, *rows]})")

    def enlarge(self, x: str, block: int) -> str:
        return self.line(f"torch.pixel_shuffle({x}, {block})")

    def every(self, x: str, step: int) -> str:
        return self.line(f"torch.slice(torch.slice({x}, 2, 0, None, {step}), 3, 0, None, {step})")

    def mean(self, x: str) -> str:
        return self.line(f"torch.mean({x}, [2, 3], True)")

    def spectrum(self, x: str) -> str:
        self.spectra = True
        return self.line(f"self.spectrum({x})")
