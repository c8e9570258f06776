"""The engine that runs a ``.keras`` file here; docs/prediction.md has the measurements."""

from pathlib import Path

from dfcan_bmz.engines import Network, damaged
from dfcan_bmz.engines.devices import keras_has_gpu
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.export.graph import Graph, read_graph
from dfcan_bmz.extras import missing_extra, refuse_without

ADVICE = "pip install 'dfcan-bmz[torch]', and leave --engine and --precision at their defaults"


def load(path: Path, engine: str = "auto", precision: str = "float32", inputs: int = 1) -> Network:
    """Load a ``.keras`` file as a callable, (N, H, W, inputs) to (N, sH, sW, 1) float32.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    engine : {"auto", "keras", "torch", "onnx"}
        Whose; auto is onnxruntime, but Keras where that alone has a GPU or the network has layers without a
        translation, and torch for bfloat16.
    precision : {"float32", "bfloat16"}
        Of the products in the convolutions; bfloat16 is known to torch only.
    inputs : int
        Frames of an image, as the settings have it.

    Raises
    ------
    DfcanError
        If the file is damaged or takes another number of frames, or the engine or the precision cannot be had.
    """
    if precision == "bfloat16":
        if engine not in ("auto", "torch"):
            raise DfcanError(f"--engine {engine} does not support --precision {precision}: leave the engine at auto")
        engine = "torch"
    elif engine == "auto" and _keras_is_faster():
        engine = "keras"
    if engine != "keras":
        try:
            return _translated(path, engine, precision, inputs)
        except NotImplementedError as error:
            if engine != "auto" or missing_extra("keras"):
                raise DfcanError(f"{path} runs only in Keras ({error}): {ADVICE}") from error
    return _in_keras(path, inputs)


def _keras_is_faster() -> bool:
    from dfcan_bmz.engines import onnx

    return not onnx.on_gpu() and keras_has_gpu()


def _translated(path: Path, engine: str, precision: str, inputs: int) -> Network:
    try:
        graph = read_graph(path)
    except NotImplementedError:
        raise
    except Exception as error:  # zip, JSON and HDF5 have many ways to be damaged
        raise damaged(path, error) from error
    _refuse_others(path, graph.channels, inputs)
    if engine == "torch":
        return _in_torch(graph, precision)
    from dfcan_bmz.engines import onnx

    return onnx.load_graph(graph)


def _in_torch(graph: Graph, precision: str) -> Network:
    refuse_without("torch", f"torch, for --precision {precision},")
    from dfcan_bmz.engines import torch

    if precision == "bfloat16" and not torch.bfloat16_is_faster():
        raise DfcanError("this processor multiplies bfloat16 no faster than float32: leave --precision at float32")
    return torch.load_graph(graph, precision)


def _in_keras(path: Path, inputs: int) -> Network:
    refuse_without("keras", "Keras")
    from dfcan_bmz.engines import keras_v3

    model = keras_v3.load_model(path)
    _refuse_others(path, model.input_shape[-1], inputs)
    return keras_v3.callable_of(model)


def _refuse_others(path: Path, channels: int, inputs: int) -> None:
    if channels != inputs:
        raise DfcanError(f"{path} takes {channels} channels, but images here have {inputs}: train it on such images")
