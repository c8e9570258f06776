"""What is read off images is what they were simulated with."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, zoom

from dfcan_bmz.sets.like_images import without_border
from dfcan_bmz.simulation.camera import Camera, expose
from dfcan_bmz.simulation.clipping import clipped
from dfcan_bmz.simulation.cutoff import is_even, measure_cutoff
from dfcan_bmz.simulation.fields import BIOSR, simulate_field
from dfcan_bmz.simulation.measure import measure
from dfcan_bmz.simulation.noise import measure_camera

CAMERA = Camera(gain_counts=3.7, offset_counts=200.0, read_noise_e=1.2)


def image(photons: float, seed: int, structure: str = "microtubules", camera: Camera = CAMERA, **optics: float):
    microscope = BIOSR._replace(brightest=photons, **optics)
    rng = np.random.default_rng(seed)
    return simulate_field(structure, 124, 2, 1, 1.0, rng, microscope, camera=camera)[1][0].astype(float)


@pytest.mark.parametrize("photons", [30, 1000])
def test_one_small_image_tells_the_gain_and_where_the_line_of_noise_begins(photons):
    found = measure_camera([image(photons, 3)[None]])
    assert found.gain.value == pytest.approx(CAMERA.gain_counts, abs=3 * found.gain.sd)
    assert found.gain.sd < 0.2 * CAMERA.gain_counts
    assert found.offset.value == pytest.approx(CAMERA.offset_counts, abs=3 * found.offset.sd)
    assert found.read_noise.value == pytest.approx(CAMERA.read_noise_e, abs=2 * found.read_noise.sd)


def test_images_of_several_light_levels_tell_more_than_each():
    dim, bright = image(30, 3)[None], image(1000, 3)[None]
    both = measure_camera([dim, bright])
    assert both.gain.sd < min(measure_camera([one]).gain.sd for one in (dim, bright))
    assert both.gain.value == pytest.approx(CAMERA.gain_counts, abs=3 * both.gain.sd)


def test_a_movie_of_which_nothing_moves_tells_more_than_its_frames():
    scene = np.random.default_rng(0).uniform(5, 200, (64, 64)).cumsum(axis=1) / 20
    rng = np.random.default_rng(1)
    movie = np.stack([expose(scene, rng, CAMERA) for _ in range(8)]).astype(float)
    found = measure_camera([movie])
    assert found.gain.value == pytest.approx(CAMERA.gain_counts, rel=0.05)
    assert found.gain.sd < measure_camera([movie[:1]]).gain.sd


def test_striped_light_is_not_taken_for_the_noise_of_a_movie():
    scene = gaussian_filter(image(500, 3, camera=Camera(1.0, 0.0, 1.0, 0.0, 0.0)), 2)  # without noise of its own
    phase = 2 * np.pi * (0.27 * np.arange(124)[None, :] + np.arange(6)[:, None, None] / 6)
    rng = np.random.default_rng(1)
    lights = np.maximum(scene, 0) * (1 + 0.8 * np.sin(phase))
    frames = np.stack([expose(light, rng, CAMERA) for light in lights]).astype(float)
    assert measure_camera([frames]).gain.value == pytest.approx(CAMERA.gain_counts, rel=0.15)


@pytest.mark.parametrize("structure", ["microtubules", "er"])
@pytest.mark.parametrize("na", [1.0, 1.41])
def test_the_cutoff_is_that_of_the_aperture(structure, na):
    found = measure_cutoff([image(600, 5, structure, na=na)])
    truth = 2 * na / BIOSR.emission_nm * BIOSR.pixel_nm
    assert found.value == pytest.approx(truth, rel=0.06)
    assert found.sd < 0.05 * truth


def test_an_image_of_noise_alone_has_no_cutoff_that_is_known():
    found = measure_cutoff([np.random.default_rng(0).normal(100, 5, (96, 96))])
    assert found.sd > 0.1 * found.value


def test_light_is_counted_in_photons_whatever_the_gain():
    for photons in (50, 800):
        light = measure([image(photons, 4)[None]]).lights[0]
        assert light.photons == pytest.approx(photons, rel=0.25)


def test_large_images_become_tiles_of_one_size_and_dark_ones_are_left_out():
    small, large = image(300, 4)[:100, :100], np.tile(image(300, 5), (2, 3))
    large[:150, :150] = np.random.default_rng(0).normal(200, 3, (150, 150))
    tiles = measure([small[None], large[None]]).tiles
    assert {tile.shape for tile in tiles} == {(100, 100)}
    assert len(tiles) == 6


def test_images_that_are_flat_but_for_a_few_pixels_have_no_tiles():
    spots = np.full((300, 300), 100.0)
    spots[::100, ::100] = 500.0
    assert measure([spots[None]]).tiles == []
    tiles = measure([spots[None], image(300, 4)[None]]).tiles
    assert [np.array_equal(tile, image(300, 4)) for tile in tiles] == [True]


def test_images_that_were_stretched_one_by_one_are_measured_one_by_one():
    stretched = [
        scale * (image(300, seed) - low)[None] for seed, scale, low in ((3, 20, 190), (4, 22, 80), (5, 21, -300))
    ]
    found = measure_camera(stretched)
    assert found.gain.value == pytest.approx(21 * CAMERA.gain_counts, rel=0.2)


def test_pixels_that_were_cut_off_at_black_are_found_and_do_not_raise_the_gain():
    whole = image(80, 4, "er")
    black = np.clip(whole - np.quantile(whole, 0.15), 0, None)
    found = measure([black[None]])
    assert found.black == pytest.approx(0.15, abs=0.02)
    assert found.saturated == 0
    assert found.camera.gain.value == pytest.approx(CAMERA.gain_counts, abs=3 * found.camera.gain.sd)


def test_saturated_pixels_are_found_and_do_not_lower_the_gain():
    whole = image(300, 4)
    whole[40:80, 40:80] += 5000.0
    found = measure([np.minimum(whole, 2000.0)[None]])
    assert found.saturated == pytest.approx(1600 / 124**2, rel=0.1)
    assert found.camera.gain.value == pytest.approx(CAMERA.gain_counts, abs=3 * found.camera.gain.sd)


def test_an_image_that_is_saturated_but_for_its_border_is_measured_all_the_same():
    whole = np.random.default_rng(0).poisson(100, (64, 64)).astype(float)
    whole[6:58, 6:58] = 255.0
    found = measure_camera([whole[None]])
    assert np.isfinite(found).all()


def test_counted_photons_are_not_cut_off_at_black():
    dark = np.random.default_rng(0).poisson(0.5, (96, 96))
    assert not clipped(dark).any()


@pytest.mark.parametrize("photons", [30, 600])
def test_the_noise_of_a_camera_is_told_from_that_of_smoothed_and_enlarged_images(photons):
    camera = image(photons, 4)
    assert is_even([camera])
    assert not is_even([gaussian_filter(camera, 1)])
    assert not is_even([zoom(camera[:62, :62], 2, order=1)])


def test_a_constant_border_is_left_out():
    inside = np.random.default_rng(0).poisson(50, (2, 40, 50)).astype(float)
    padded = np.pad(inside, ((0, 0), (8, 3), (0, 12)))
    np.testing.assert_array_equal(without_border(padded), inside)
    np.testing.assert_array_equal(without_border(inside), inside)
