import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfcan_bmz import resolution
from dfcan_bmz.simulation import camera, optics, structures

PIXEL_UM, PIXELS = 0.0313, 256


def exposures(cutoff_per_um, photons, count=2):
    """Images of one specimen whose optics pass `cutoff_per_um`, and that cut-off in cycles per pixel."""
    rng = np.random.default_rng(0)
    points = structures.actin(PIXELS * PIXEL_UM, rng)
    optical = np.maximum(optics.image(optics.render(points, PIXELS, PIXEL_UM), PIXEL_UM, cutoff_per_um), 0)
    signal = photons * (optical / np.percentile(optical, 99.9) + 0.05)
    return [camera.expose(signal, rng).astype(float) for _ in range(count)], cutoff_per_um * PIXEL_UM


@pytest.mark.parametrize("cutoff_per_um", [3.0, 5.0, 7.0])
@pytest.mark.parametrize("photons", [300, 3000])
def test_resolution_is_that_of_the_optics(cutoff_per_um, photons):
    (one, other), cutoff = exposures(cutoff_per_um, photons)
    correlation = resolution.crossing(*resolution.ring_correlation(one, other), resolution.HALF_IMAGES)
    assert correlation == pytest.approx(cutoff, rel=0.1)
    # near its cut-off an optical transfer function passes next to nothing: the published program says the same
    assert 0.75 * cutoff < resolution.decorrelation(one) < 1.02 * cutoff


@pytest.mark.parametrize("cutoff_per_um", [3.0, 5.0])
def test_a_single_image_tells_its_resolution_up_to_half_of_nyquist(cutoff_per_um):
    (image,), cutoff = exposures(cutoff_per_um, 3000, count=1)
    frequency, correlation = resolution.split_correlation(image)
    assert frequency[-1] < 0.25
    assert resolution.crossing(frequency, correlation, resolution.HALF_IMAGES) == pytest.approx(cutoff, rel=0.1)


def test_less_light_is_less_resolution():
    for measure in (
        resolution.decorrelation,
        lambda image: resolution.crossing(*resolution.split_correlation(image), 0.5),
    ):
        dim, bright = (measure(exposures(7.0, photons, count=1)[0][0]) for photons in (5, 500))
        assert dim < bright


def test_noise_has_no_resolution():
    one, other = np.random.default_rng(0).normal(size=(2, 128, 128))
    assert resolution.decorrelation(one) == 0
    assert resolution.crossing(*resolution.ring_correlation(one, other), 0.5) < 0.05


def test_two_equal_images_agree_up_to_nyquist():
    image = np.random.default_rng(0).normal(size=(64, 48))
    frequency, correlation = resolution.ring_correlation(image, image)
    assert len(frequency) == 24
    np.testing.assert_allclose(correlation, 1)
    assert resolution.crossing(frequency, correlation, 0.5) == frequency[-1]


FIELDS = 20


@given(variance=st.floats(0.01, 100), height=st.integers(40, 80), width=st.integers(40, 80))
def test_white_noise_has_its_variance_at_every_frequency(variance, height, width):
    # one small field strays by more than a tenth: its window leaves about a hundred independent frequencies
    noise = np.random.default_rng(0).normal(5, np.sqrt(variance), (FIELDS, height, width))
    frequencies, powers = zip(*(resolution.radial_power(field) for field in noise), strict=True)
    frequency, power = frequencies[0], np.mean(powers, axis=0)
    assert len(power) == len(frequency) == min(height, width) // 2
    assert power[1:].mean() == pytest.approx(variance, rel=0.1)
    assert power[len(power) // 2 :].mean() == pytest.approx(variance, rel=0.1)


def test_a_wave_stands_at_its_frequency():
    y, x = np.mgrid[:96, :120]
    frequency, power = resolution.radial_power(np.sin(2 * np.pi * (0.12 * y + 0.16 * x)))
    assert frequency[np.argmax(power)] == pytest.approx(0.2, abs=0.6 / 96)
    assert resolution.period(0.2, 62.6) == pytest.approx(313)
    assert resolution.period(0.2, None) == pytest.approx(5)
    assert resolution.period(0.0, 62.6) == np.inf


def test_a_constant_image_has_no_resolution():
    flat = np.full((40, 40), 3.0)
    assert resolution.decorrelation(flat) == 0
    assert np.isfinite(resolution.ring_correlation(flat, flat)[1]).all()
