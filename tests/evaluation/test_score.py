import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from dfcan_bmz.deconvolution import CANDIDATES, deconvolve
from dfcan_bmz.evaluation import score
from dfcan_bmz.model import Model


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    hr = gaussian_filter(rng.normal(size=(96, 96)), 3).astype(np.float32)
    lr = hr.reshape(48, 2, 48, 2).mean(axis=(1, 3)) + rng.normal(0, 0.02, (48, 48))
    return lr.astype(np.float32), hr


def test_raw_is_offered_only_where_input_and_target_share_their_intensities(pair):
    assert list(score.protocols("own", pair[1])) == ["min-max", "affine"]
    assert list(score.protocols("input", pair[1])) == ["min-max", "affine", "raw"]


@pytest.mark.parametrize("target", ["own", "input"])
def test_the_baseline_s_sigma_is_the_best_of_all(pair, target):
    best = score.best_smoothing_px([pair], 2, target)
    protocol = "raw" if target == "input" else "affine"

    def psnr(sigma):
        rows = score.score_image("x", pair[1], {"m": score.interpolation.smoothed_bicubic(pair[0], 2, sigma)}, target)
        return next(row.value for row in rows if (row.protocol, row.metric) == (protocol, "psnr"))

    assert best > 0
    assert psnr(best) == max(psnr(sigma) for sigma in score.interpolation.SIGMAS_PX)


def test_a_model_is_scored_beside_both_baselines_in_the_units_of_the_input(pair):
    lr, hr = pair

    def network(batch):
        return batch.repeat(2, 1).repeat(2, 2)

    predictor = Model("copycat", network, 2, 48, 4, "input", 0.5)
    predicted = score.predictions({"copycat": predictor}, lr, score.Baselines(0.5, CANDIDATES[0]))
    assert list(predicted) == ["bicubic", "smoothed bicubic", "deconvolution", "copycat"]
    assert list(score.predictions({"copycat": predictor}, lr, score.Baselines(0.5, None))) == [
        "bicubic",
        "smoothed bicubic",
        "copycat",
    ]
    low, high = np.percentile(lr, (0.1, 99.9))
    np.testing.assert_allclose(predicted["copycat"], np.clip(lr, low, high).repeat(2, 0).repeat(2, 1), atol=1e-5)
    rows = score.score_image("x", hr, predicted, "input")
    assert {(row.method, row.protocol) for row in rows} == {
        (method, protocol) for method in predicted for protocol in ("min-max", "affine", "raw", "none")
    }
    # what the truth shows, and only that, counts as resolution
    agreement = {row.method: row.value for row in rows if row.metric == "frc_frequency"}
    assert score.score_image("x", hr, {"truth": hr}, "input")[-2].value == pytest.approx(0.5, abs=0.02)
    assert 0.02 < agreement["bicubic"] < 0.3


@pytest.mark.parametrize("target", ["own", "input"])
def test_the_deconvolution_is_the_best_of_all(pair, target):
    best = score.best_deconvolution([pair], 2, target)
    protocol = score.chief_protocol(target)

    def psnr(settings):
        rows = score.score_image("x", pair[1], {"m": deconvolve(pair[0], 2, settings)}, target)
        return score.values_of(rows, "m", protocol, "psnr")["x"]

    assert psnr(best) == max(psnr(settings) for settings in CANDIDATES)
