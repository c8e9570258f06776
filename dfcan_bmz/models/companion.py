"""The same-size companion of a network, for programs that expect an output of the input's size (ilastik)."""

import keras


def companion(model: keras.Model, scale: int) -> keras.Model:
    """Wrap a network so that it takes the LR image enlarged by nearest neighbours.

    Every s-th pixel is the LR image again, exactly, so that nothing is lost and nothing is learnt anew.

    Parameters
    ----------
    model : keras.Model
        (N, H, W, C) to (N, sH, sW, 1).
    scale : int
        Scale factor s.

    Returns
    -------
    keras.Model
        (N, sH, sW, C) to (N, sH, sW, 1), of stock layers; sH and sW multiples of 2s.
    """
    enlarged = keras.Input((None, None, model.input_shape[-1]), name="input")
    return keras.Model(enlarged, model(enlarged[:, ::scale, ::scale, :]), name=f"{model.name}_same_size")
