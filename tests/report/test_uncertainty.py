import numpy as np
from scipy.ndimage import gaussian_filter

from dfcan_bmz.evaluation.measure import Plane
from dfcan_bmz.evaluation.trust import reblur
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.report.trust import UNCERTAINTY_PX, plot_uncertainty


def test_the_maps_of_a_crop_belong_to_the_prediction_of_its_plane():
    """The plane is brighter at its border, so that the middle by its own percentiles would be another input."""
    rng = np.random.default_rng(0)
    hr = gaussian_filter(rng.normal(size=(400, 400)), 3)
    hr[:60] += 5
    lr = hr.reshape(200, 2, 200, 2).mean(axis=(1, 3)).astype(np.float32)
    scaling = scaling_of(lr)

    def predict(part, whole):
        return scaling_of(whole).apply(part).repeat(2, axis=0).repeat(2, axis=1) ** 2

    plane = Plane("a", "a", "a", "", None, lr, hr)
    prediction = scaling.undo(predict(lr, lr))
    axes = plot_uncertainty(plane, prediction, predict).axes
    shown = {one.get_title(): one.images[0].get_array() for one in axes if one.images}
    middle = (slice(36, 36 + UNCERTAINTY_PX),) * 2
    twice = (slice(72, 72 + 2 * UNCERTAINTY_PX),) * 2
    np.testing.assert_allclose(shown["mean prediction"], scaling.apply(prediction[twice]), atol=1e-4)
    by_itself = reblur(prediction[twice], lr[middle]).error
    low, high = scaling_of(lr[middle])
    share = (high - low) / (scaling.high - scaling.low)
    assert share < 0.5
    np.testing.assert_allclose(shown["re-blurring error"], share * by_itself, rtol=1e-5)
