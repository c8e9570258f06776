import numpy as np

from dfcan_bmz.report.maps import plot_error_maps


def test_the_maps_of_a_perfect_prediction_are_those_of_no_error():
    hr = np.random.default_rng(0).random((32, 40))
    figure = plot_error_maps(hr[::2, ::2], hr, 3 * hr + 1)
    shown = {axes.get_title(): axes.images[0].get_array() for axes in figure.axes if axes.images}
    assert np.allclose(shown["SSIM, target vs. prediction"], 1)
    assert np.allclose(shown["RSE, target vs. prediction"], 0, atol=1e-9)
    assert shown["RSE, target vs. source"].max() > 0.1
    assert all(picture.shape == hr.shape for picture in shown.values())
