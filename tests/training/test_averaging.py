"""The moving average of the weights."""

import keras
import numpy as np

from dfcan_bmz.training.averaging import averaged


def test_inside_the_weights_are_the_average_of_all_steps_and_afterwards_the_last_step_s():
    rng = np.random.default_rng(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile(keras.optimizers.Adam(0.1, use_ema=True, ema_momentum=0.9), "mse")
    average = None
    for _ in range(6):
        model.train_on_batch(rng.normal(size=(4, 3)), rng.normal(size=(4, 2)))
        kernel = model.get_weights()[0]
        average = kernel if average is None else 0.9 * average + 0.1 * kernel
    with averaged(model):
        np.testing.assert_allclose(model.get_weights()[0], average, rtol=1e-5)
    np.testing.assert_array_equal(model.get_weights()[0], kernel)
    assert np.abs(kernel - average).max() > 0.01
