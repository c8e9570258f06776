"""From a layer to planes, and from predictions to layers at the same place of the world."""

from typing import Any

import numpy as np

from dfcan_bmz.errors import DfcanError


def planes_of(layer: Any) -> Any:
    """Pixels of an image layer, (..., Y, X); of a pyramid those of the finest level.

    Parameters
    ----------
    layer : napari.layers.Image
        The layer.

    Raises
    ------
    DfcanError
        If it holds colours.
    """
    if layer.rgb:
        raise DfcanError(f"{layer.name} is a colour image, and the network takes intensities: split its channels first")
    return layer.data[0] if layer.multiscale else layer.data


def placed(layer: Any, scale: int) -> dict[str, Any]:
    """Arguments of ``add_image`` that put an image of `scale` times the pixels where the layer is.

    napari places the centres of pixels: finer pixels begin (1 - 1/s) / 2 of a coarse pixel earlier.

    Parameters
    ----------
    layer : napari.layers.Image
        The low-resolution layer, however it is scaled, moved, rotated, sheared or transformed.
    scale : int
        Scale factor s.
    """
    earlier = np.zeros(layer.ndim)
    earlier[-2:] = -(1 - 1 / scale) / 2
    finer = np.array(layer.scale, float)
    finer[-2:] /= scale
    # the layer's affine comes after all else, so it is taken off again
    origin = np.append(layer.data_to_world(earlier), 1.0)
    affine = np.asarray(layer.affine.affine_matrix)
    return {
        "scale": finer,
        "translate": np.linalg.solve(affine, origin)[:-1],
        "rotate": layer.rotate,
        "shear": layer.shear,
        "affine": affine,
        "units": layer.units,
        "axis_labels": layer.axis_labels,
    }
