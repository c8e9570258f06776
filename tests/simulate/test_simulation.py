import numpy as np
import pytest

from dfcan_bmz.simulate import camera, fields, optics
from dfcan_bmz.simulate.structures import STEP_UM, worm_like_chain


def test_rendering_keeps_the_number_and_the_centre_of_mass_of_the_fluorophores():
    points = np.random.default_rng(0).uniform(1, 5, (500, 2))
    grid = optics.render(points, 60, 0.1)
    centres = (np.arange(60) + 0.5) * 0.1
    assert grid.sum() == pytest.approx(500)
    assert (grid.sum(axis=1) @ centres) / 500 == pytest.approx(points[:, 0].mean())
    assert (grid.sum(axis=0) @ centres) / 500 == pytest.approx(points[:, 1].mean())


def test_fluorophores_outside_are_not_counted():
    assert optics.render(np.array([[-1.0, 0.5], [99.0, 0.5]]), 10, 0.1).sum() == 0


def test_the_otf_passes_nothing_beyond_its_cutoff_and_everything_at_zero():
    transfer = optics.otf(128, 0.05, cutoff_per_um=4.0)
    frequency = np.hypot(np.fft.fftfreq(128, 0.05)[:, None], np.fft.rfftfreq(128, 0.05)[None])
    assert transfer[0, 0] == 1
    assert np.abs(transfer[frequency >= 4]).max() == 0
    assert (transfer[frequency < 3.9] > 0).all()


def test_the_psf_has_the_width_of_an_airy_disc():
    fluorophores = np.zeros((256, 256))
    fluorophores[128, 128] = 1
    psf = optics.image(fluorophores, 0.01, fields.CUTOFF_PER_UM)
    profile = psf[128] / psf.max()
    half = np.interp(0.5, profile[128:160][::-1], np.arange(32)[::-1])
    # full width at half maximum of an Airy disc: 0.514 wavelength / NA
    assert 2 * half * 10 == pytest.approx(0.514 * fields.EMISSION_NM / fields.NA, rel=0.02)


def test_camera_counts_have_the_mean_and_variance_of_theory():
    counts = camera.expose(np.full((400, 400), 50.0), np.random.default_rng(0)).astype(float)
    electrons = 50 * camera.QUANTUM_EFFICIENCY
    assert counts.mean() == pytest.approx(camera.OFFSET_COUNTS + camera.GAIN_COUNTS_PER_E * electrons, rel=0.002)
    variance = camera.GAIN_COUNTS_PER_E**2 * (electrons + camera.READ_NOISE_E**2) + 1 / 12  # rounding
    assert counts.var() == pytest.approx(variance, rel=0.02)


@pytest.mark.parametrize("distance_um", [2, 10])
def test_filaments_bend_as_their_persistence_length_says(distance_um):
    rng = np.random.default_rng(0)
    steps = int(distance_um / STEP_UM)
    ends = []
    for _ in range(2000):
        tangents = np.diff(worm_like_chain(steps + 2, 10.0, rng), axis=0) / STEP_UM
        ends.append(tangents[0] @ tangents[-1])
    assert np.mean(ends) == pytest.approx(np.exp(-distance_um / 20), abs=0.03)


def test_levels_run_from_dim_to_bright():
    assert fields.level_photons(1) == [600]
    assert fields.level_photons(3) == pytest.approx([15, 94.868, 600], rel=1e-4)


@pytest.mark.parametrize("scale", [2, 3])
def test_hr_and_lr_are_registered_and_the_target_is_sharper(scale):
    hr, (lr,) = fields.simulate_field("actin", 64, scale, 1, np.random.default_rng(5))
    assert hr.shape == (64 * scale, 64 * scale)
    binned = optics.bin_sum(hr.astype(float), scale)
    correlation = np.fft.irfft2(np.fft.rfft2(binned - binned.mean()) * np.conj(np.fft.rfft2(lr - lr.mean())))
    assert np.unravel_index(correlation.argmax(), correlation.shape) == (0, 0)
    spectra = [np.abs(np.fft.fft2(image / image.mean())) / image.size for image in (binned, lr.astype(float))]
    band = np.hypot(*np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64))) > 0.3
    assert spectra[0][band].mean() > 1.5 * spectra[1][band].mean()
