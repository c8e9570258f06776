import numpy as np
import pytest

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.simulation import camera, fields, optics
from dfcan_bmz.simulation.structures import (
    LABELS_PER_UM,
    MICROTUBULE_LENGTH_UM,
    MICROTUBULE_RADIUS_UM,
    PIT_RADIUS_UM,
    SPECIMENS,
    STEP_UM,
    STRUCTURES,
    clathrin_pits,
    endoplasmic_reticulum,
    microtubules,
    worm_like_chain,
)


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
    psf = optics.image(fluorophores, 0.01, fields.BIOSR.cutoff_per_um)
    profile = psf[128] / psf.max()
    half = np.interp(0.5, profile[128:160][::-1], np.arange(32)[::-1])
    # full width at half maximum of an Airy disc: 0.514 wavelength / NA
    assert 2 * half * 10 == pytest.approx(0.514 * fields.BIOSR.emission_nm / fields.BIOSR.na, rel=0.02)


def test_camera_counts_have_the_mean_and_variance_of_theory():
    counts = camera.expose(np.full((400, 400), 50.0), np.random.default_rng(0)).astype(float)
    electrons = 50 * camera.SCMOS.quantum_efficiency
    assert counts.mean() == pytest.approx(camera.SCMOS.offset_counts + camera.SCMOS.gain_counts * electrons, rel=0.002)
    variance = camera.SCMOS.gain_counts**2 * (electrons + camera.SCMOS.read_noise_e**2) + 1 / 12  # rounding
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
    assert fields.level_photons(2, fields.BIOSR._replace(dimmest=3, brightest=9)) == pytest.approx([3, 9])


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("scale", [2, 3])
def test_hr_and_lr_are_registered_and_the_target_is_sharper(structure, scale):
    hr, (lr,) = fields.simulate_field(structure, 64, scale, 1, 0.0, np.random.default_rng(5))
    assert hr.shape == (64 * scale, 64 * scale)
    binned = optics.bin_sum(hr.astype(float), scale)
    correlation = np.fft.irfft2(np.fft.rfft2(binned - binned.mean()) * np.conj(np.fft.rfft2(lr - lr.mean())))
    assert np.unravel_index(correlation.argmax(), correlation.shape) == (0, 0)
    spectra = [np.abs(np.fft.fft2(image / image.mean())) / image.size for image in (binned, lr.astype(float))]
    band = np.hypot(*np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64))) > 0.3
    assert spectra[0][band].mean() > 1.5 * spectra[1][band].mean()


def test_the_target_has_the_bandwidth_and_the_flatness_that_were_asked_for():
    frequency = np.hypot(np.fft.fftfreq(128, 0.03)[:, None], np.fft.rfftfreq(128, 0.03)[None])
    spectra = {}
    for target in ("otf", "wiener"):
        microscope = fields.BIOSR._replace(pixel_nm=60, na=1.2, emission_nm=630, bandwidth=1.5, target=target)
        rng = np.random.default_rng(5)
        hr, _ = fields.simulate_field("microtubules", 64, 2, 1, 0.0, rng, microscope)
        window = np.outer(np.hanning(128), np.hanning(128))
        spectra[target] = np.abs(np.fft.rfft2((hr - hr.mean()) * window))
    cutoff = 1.5 * 2 * 1.2 / 0.630
    passed, beyond = (frequency > 0.15 * cutoff) & (frequency < 0.25 * cutoff), frequency > 1.15 * cutoff
    assert spectra["otf"][beyond].max() < 1e-3 * spectra["otf"][passed].max()
    half = np.abs(frequency / cutoff - 0.5) < 0.05
    contrast = {target: spectrum[half].mean() / spectrum[passed].mean() for target, spectrum in spectra.items()}
    expected = {"otf": 0.391 / 0.747, "wiener": 0.707 / 0.951}  # at a half over at a fifth of the cut-off
    assert contrast["wiener"] / contrast["otf"] == pytest.approx(expected["wiener"] / expected["otf"], rel=0.1)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_specimen_is_repeatable_and_fills_its_square(structure):
    points = STRUCTURES[structure](20.0, np.random.default_rng(0))
    np.testing.assert_array_equal(points, STRUCTURES[structure](20.0, np.random.default_rng(0)))
    inside = points[((points > 0) & (points < 20)).all(axis=1)]
    quadrants = [((inside > 10) == corner).all(axis=1).mean() for corner in np.ndindex(2, 2)]
    assert min(quadrants) > 0.1


def test_microtubules_have_the_density_of_labels_that_they_say():
    counts = [len(microtubules(5.0, np.random.default_rng(seed))) for seed in range(400)]
    expected = SPECIMENS["microtubules"].per_um2 * 5**2 * MICROTUBULE_LENGTH_UM * LABELS_PER_UM
    assert np.mean(counts) == pytest.approx(expected, rel=0.1)


def test_microtubules_are_hollow():
    """Seen from above, a cylinder labelled all around is brightest at its edges."""
    straight = SPECIMENS["microtubules"]._replace(persistence_um=1e6)  # so that offsets mean something
    points = microtubules(0.1, np.random.default_rng(3), straight)
    middle = points[np.abs(points - points[len(points) // 2]).max(axis=1) < 0.5]
    _, across = np.linalg.svd(middle - middle.mean(axis=0), full_matrices=False)[2]
    offsets = np.abs((middle - middle.mean(axis=0)) @ across)
    assert offsets.max() < 1.3 * MICROTUBULE_RADIUS_UM
    assert (offsets > 0.7 * MICROTUBULE_RADIUS_UM).mean() > 0.4


def test_pits_are_rings_of_the_size_they_say():
    points = clathrin_pits(0.01, np.random.default_rng(0))
    radii = np.hypot(*(points - points.mean(axis=0)).T)
    assert radii.max() < 1.2 * PIT_RADIUS_UM[1]
    assert (radii > 0.5 * radii.max()).mean() > 0.7


def test_reticulum_has_holes_and_sheets():
    grid = optics.render(endoplasmic_reticulum(20.0, np.random.default_rng(0)), 100, 0.2)
    empty = (grid == 0).mean()
    assert 0.1 < empty < 0.8


def test_haze_is_light_that_the_widefield_image_has_and_the_target_has_not():
    clear, hazy = (fields.simulate_field("actin", 64, 2, 1, haze, np.random.default_rng(5)) for haze in (0.0, 2.0))
    np.testing.assert_array_equal(clear[0], hazy[0])
    floors = [np.percentile(lr[0], 5) - camera.SCMOS.offset_counts for _, lr in (clear, hazy)]
    assert floors[1] > 1.5 * floors[0]
    spectra = [np.abs(np.fft.fft2(lr[0] / lr[0].mean())) / lr[0].size for _, lr in (clear, hazy)]
    band = np.hypot(*np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64))) > 0.2
    assert spectra[1][band].mean() < spectra[0][band].mean(), "out-of-focus light has no detail"


def test_variance_grows_with_the_mean_by_the_gain_of_the_camera():
    """The mean-variance test by which real cameras are calibrated, over nine light levels."""
    photons = fields.level_photons(9)
    counts = [camera.expose(np.full((300, 300), level), np.random.default_rng(1)).astype(float) for level in photons]
    means, variances = ([getattr(image, what)() for image in counts] for what in ("mean", "var"))
    slope, intercept = np.polyfit(np.array(means) - camera.SCMOS.offset_counts, variances, 1, w=1 / np.array(variances))
    assert slope == pytest.approx(camera.SCMOS.gain_counts, rel=0.01)
    assert intercept == pytest.approx((camera.SCMOS.gain_counts * camera.SCMOS.read_noise_e) ** 2 + 1 / 12, rel=0.15)


def test_photons_are_counted_as_poisson_has_them():
    counts = camera.expose(np.full((400, 400), 3.0), np.random.default_rng(2)).astype(float)
    electrons = (counts - camera.SCMOS.offset_counts) / camera.SCMOS.gain_counts
    mean = 3 * camera.SCMOS.quantum_efficiency
    # the third central moment of a Poisson distribution is its mean; Gaussian read noise adds nothing to it
    assert ((electrons - electrons.mean()) ** 3).mean() == pytest.approx(mean, rel=0.1)


def test_bundles_are_brighter_than_single_filaments():
    brightest = {}
    for structure in ("actin", "bundles"):
        grids = [optics.render(STRUCTURES[structure](15.0, np.random.default_rng(seed)), 150, 0.1) for seed in range(6)]
        brightest[structure] = np.mean([np.percentile(grid, 99.5) / np.mean(grid[grid > 0]) for grid in grids])
    assert brightest["bundles"] > 1.5 * brightest["actin"]


def test_labelling_thins_the_fluorophores_and_not_the_specimen():
    sparse = fields.BIOSR._replace(labelling=0.1)
    full, thinned = (
        fields.simulate_field("actin", 48, 2, 1, 0.0, np.random.default_rng(4), microscope)[0].astype(float)
        for microscope in (fields.BIOSR, sparse)
    )
    assert np.corrcoef(full.ravel(), thinned.ravel())[0, 1] > 0.7
    roughness = [np.abs(np.diff(image, axis=0)).mean() / image.mean() for image in (full, thinned)]
    assert roughness[1] > 1.1 * roughness[0]


def test_a_field_in_which_nothing_shines_is_refused():
    dark = fields.BIOSR._replace(labelling=1e-6)
    with pytest.raises(DfcanError, match="no fluorophore is left in a field of 32 px: raise --labelling or --size"):
        fields.simulate_field("ccps", 32, 2, 1, 0.0, np.random.default_rng(0), dark)
