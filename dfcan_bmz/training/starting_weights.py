"""Starting from weights that exist: the same network's, or its sibling's at another scale."""

import keras
import numpy as np

from dfcan_bmz.errors import DfcanError


def start_from(model: keras.Model, source: keras.Model, name: str) -> int:
    """Copy what fits from `source` into `model`.

    At another scale, networks of one kind differ in the layers that enlarge: the weights before and after these are
    copied, the others stay fresh.

    Parameters
    ----------
    model, source : keras.Model
        (N, H, W, C) to (N, sH, sW, 1).
    name : str
        Where `source` comes from, for the error.

    Returns
    -------
    int
        Parameters that stay fresh.

    Raises
    ------
    DfcanError
        If they are different networks.
    """
    ours, theirs = model.trainable_variables, [np.asarray(w) for w in map(_value, source.trainable_variables)]
    other_scale = _scale(model) != _scale(source)
    head = _alike(ours, theirs)
    tail = min(_alike(ours[::-1], theirs[::-1]), min(len(ours), len(theirs)) - head)
    fresh = ours[head : len(ours) - tail]
    if (
        model.name != source.name
        or not head
        or (fresh and not other_scale)
        or len(ours) - len(theirs) not in (-2, 0, 2)
    ):
        raise DfcanError(f"train.init: {name} holds another network: choose the same model settings")
    for variable, value in [
        *zip(ours[:head], theirs, strict=False),
        *zip(ours[::-1][:tail], theirs[::-1], strict=False),
    ]:
        variable.assign(value)
    return sum(int(np.prod(variable.shape)) for variable in fresh)


def _value(variable: keras.Variable) -> np.ndarray:
    return keras.ops.convert_to_numpy(variable)


def _alike(ours: list[keras.Variable], theirs: list[np.ndarray]) -> int:
    """How many weights from the first on have the same shapes."""
    count = 0
    while count < min(len(ours), len(theirs)) and tuple(ours[count].shape) == theirs[count].shape:
        count += 1
    return count


def _scale(model: keras.Model) -> int:
    return model.compute_output_shape((1, 16, 16, model.input_shape[-1]))[1] // 16
