"""The fastest engine for a ``.keras`` file among those that are installed; docs/prediction.md has the measurements."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

from dfcan_bmz.engines import Network, keras_v3
from dfcan_bmz.engines.devices import accelerators
from dfcan_bmz.errors import DfcanError

TORCH_NEEDS = "a DFCAN and torch (pip install 'dfcan-bmz[torch]')"
ONNX_NEEDS = "a bundle with ONNX weights and onnxruntime (pip install 'dfcan-bmz[onnx]')"


def load(
    path: Path, engine: str = "auto", precision: str = "float32", onnx: Callable[[], Network] | None = None
) -> Network:
    """Load a ``.keras`` file as a callable, (N, H, W, 1) to (N, sH, sW, 1) float32.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    engine : {"auto", "keras", "torch", "onnx"}
        Whose; auto is Keras where it has a GPU, else torch if it is installed and the network a DFCAN, else onnxruntime
        if there is a file for it, else Keras.
    precision : {"float32", "bfloat16"}
        Of the products in the convolutions; bfloat16 is known to torch only.
    onnx : callable, optional
        Loads the same network in onnxruntime, which is installed; not used by auto if it computes something else.

    Raises
    ------
    DfcanError
        If the engine or the precision cannot be had.
    """
    model = keras_v3.load_model(path)
    channels = model.input_shape[-1]
    if channels != 1:
        raise DfcanError(f"{path} takes {channels} channels, but images here have one: train on grey levels")
    if (engine, precision) == ("auto", "float32") and accelerators():
        return keras_v3.callable_of(model)
    if engine in ("auto", "torch") and importlib.util.find_spec("torch") is not None:
        from dfcan_bmz.engines import torch_dfcan

        if precision == "bfloat16" and not torch_dfcan.bfloat16_is_faster():
            raise DfcanError("this processor multiplies bfloat16 no faster than float32: leave --precision at float32")
        network = torch_dfcan.callable_of(model, precision)
        if network is not None:
            return network
    if engine in ("auto", "onnx") and precision == "float32" and onnx is not None:
        network = onnx()
        if keras_v3.agrees(model, network):
            return network
    if engine in ("auto", "keras") and precision == "float32":
        return keras_v3.callable_of(model)
    needed = ONNX_NEEDS if (engine, precision) == ("onnx", "float32") else TORCH_NEEDS
    raise DfcanError(f"--engine {engine} with --precision {precision} needs {needed}: leave both at their defaults")
