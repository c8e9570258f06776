"""The engine that runs a ``.keras`` file here; docs/prediction.md has the measurements."""

from pathlib import Path

from dfcan_bmz.engines import Network, damaged
from dfcan_bmz.engines.devices import keras_has_gpu
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.extras import refuse_without


def load(path: Path, engine: str = "auto", precision: str = "float32") -> Network:
    """Load a ``.keras`` file as a callable, (N, H, W, 1) to (N, sH, sW, 1) float32.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    engine : {"auto", "keras", "torch", "onnx"}
        Whose; auto is onnxruntime, but Keras where that alone has a GPU or the network has layers without a
        translation, and torch for bfloat16.
    precision : {"float32", "bfloat16"}
        Of the products in the convolutions; bfloat16 is known to torch only.

    Raises
    ------
    DfcanError
        If the file is damaged, or the engine or the precision cannot be had.
    """
    if precision == "bfloat16" and engine not in ("auto", "torch"):
        raise DfcanError(f"--engine {engine} does not know --precision {precision}: leave the engine at auto")
    if engine == "torch" or precision == "bfloat16":
        return _in_torch(path, precision)
    if engine == "onnx" or (engine == "auto" and not _keras_is_faster()):
        try:
            return _in_onnxruntime(path)
        except NotImplementedError as error:
            if engine == "onnx":
                raise DfcanError(f"{path} does not run in onnxruntime ({error}): leave --engine at auto") from error
            refuse_without("train", f"{path} does not run in onnxruntime ({error}), and in Keras")
    return _in_keras(path)


def _keras_is_faster() -> bool:
    from dfcan_bmz.engines import onnx

    return not onnx.on_gpu() and keras_has_gpu()


def _in_onnxruntime(path: Path) -> Network:
    from dfcan_bmz.engines import onnx
    from dfcan_bmz.export.graph import read_graph

    try:
        graph = read_graph(path)
    except NotImplementedError:
        raise
    except Exception as error:  # zip, JSON and HDF5 have many ways to be damaged
        raise damaged(path, error) from error
    _refuse_colours(path, graph.channels)
    return onnx.load_graph(graph)


def _in_keras(path: Path) -> Network:
    refuse_without("train", "Keras")
    from dfcan_bmz.engines import keras_v3

    model = keras_v3.load_model(path)
    _refuse_colours(path, model.input_shape[-1])
    return keras_v3.callable_of(model)


def _in_torch(path: Path, precision: str) -> Network:
    for extra in ("torch", "train"):
        refuse_without(extra, f"torch with --precision {precision}")
    from dfcan_bmz.engines import keras_v3, torch_dfcan

    if precision == "bfloat16" and not torch_dfcan.bfloat16_is_faster():
        raise DfcanError("this processor multiplies bfloat16 no faster than float32: leave --precision at float32")
    model = keras_v3.load_model(path)
    _refuse_colours(path, model.input_shape[-1])
    network = torch_dfcan.callable_of(model, precision)
    if network is None:
        raise DfcanError(f"{path} is no DFCAN, which torch runs: leave --engine and --precision at their defaults")
    return network


def _refuse_colours(path: Path, channels: int) -> None:
    if channels != 1:
        raise DfcanError(f"{path} takes {channels} channels, but images here have one: train on grey levels")
