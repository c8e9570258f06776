"""Train, judge and publish super-resolution models for microscopy as BioImage Model Zoo bundles."""

import os
from pathlib import Path
from typing import Any

__version__ = "0.1.0"

# The one place where the Keras backend is chosen: this module is imported before anything here imports Keras.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Threads of PyTorch that spin while they wait take the processor from each other wherever another program runs; read
# when its library is loaded, here and in child processes.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def predict(
    model: str | Path,
    array: Any,
    intensity: str = "unit",
    engine: str = "auto",
    precision: str = "float32",
    trusted: bool = False,
) -> Any:
    """Super-resolve an array with a trained model.

    Parameters
    ----------
    model : str or pathlib.Path
        A run folder or a bundle; it is loaded once, however often it is used, and again when it has changed.
    array : numpy.ndarray, xarray.DataArray or dask.array.Array
        (..., Y, X) of any size, in any units; every plane is predicted by itself.
    intensity : {"unit", "keep"}
        0..1, or that mapped to the percentiles of each plane.
    engine : {"auto", "keras", "torch", "onnx"}
        What runs the network; "auto" is onnxruntime, as a rule.
    precision : {"float32", "bfloat16"}
        Of the products in the convolutions.
    trusted : bool
        Whether you know who made a bundle: its weights run whatever they hold.

    Returns
    -------
    array
        Of the same kind, (..., sY, sX) float32; dask arrays lazily, DataArrays with their dimensions and coordinates.

    Examples
    --------
    >>> sharp = dfcan_bmz.predict("runs/actin", tifffile.imread("cell.tif"))
    """
    # imported here, so that importing the package is instant
    from dfcan_bmz.model import load_of
    from dfcan_bmz.prediction.arrays import predict_array

    return predict_array(load_of(Path(model), engine, precision, trusted=trusted), array, intensity)
