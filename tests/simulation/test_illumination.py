"""Simulated raw frames against the theory of structured illumination."""

import numpy as np
import pytest

from dfcan_bmz import images
from dfcan_bmz.commands import simulate
from dfcan_bmz.data.augment import EVERY, turn
from dfcan_bmz.data.pairs import find_pairs, frames_asked, open_pair
from dfcan_bmz.data.records import data_layer
from dfcan_bmz.simulation import optics
from dfcan_bmz.simulation.fields import BIOSR, MARGIN_PX, Scene, draw_scene, widefield
from dfcan_bmz.simulation.illumination import Illumination, raw_frames
from dfcan_bmz.training.settings import resolve

FINE, SIZE = 4, 96
PIXEL_UM = BIOSR.pixel_nm / 1e3


def flat():
    """A specimen that is the same everywhere: what its frames show is the stripes alone."""
    side = (SIZE + 2 * MARGIN_PX) * FINE
    return Scene(np.ones((side, side)), None, 0.0, np.random.default_rng(0))


def component(frame, wave_vector):
    """Complex amplitude of a wave in an image, at exactly this frequency; the window keeps other waves out."""
    y, x = (np.indices(frame.shape) + 0.5) * PIXEL_UM
    window = np.outer(np.hanning(len(frame)), np.hanning(len(frame)))
    wave = np.exp(-2j * np.pi * (wave_vector[0] * y + wave_vector[1] * x))
    return np.sum((frame - np.mean(frame)) * window * wave) / window.sum()


@pytest.mark.parametrize("haze", [0.0, 0.7])
@pytest.mark.parametrize("illumination", [Illumination(), Illumination(5, 5, 250.0, 1.0, 40.0)])
def test_the_mean_of_the_frames_is_the_widefield_image(illumination, haze):
    scenes = (draw_scene("actin", SIZE, FINE, haze, np.random.default_rng(3), BIOSR) for _ in range(2))
    frames, mean = raw_frames(next(scenes), FINE, BIOSR, illumination), widefield(next(scenes), FINE, BIOSR)
    assert frames.shape == (illumination.frames, SIZE, SIZE)
    np.testing.assert_allclose(frames.mean(axis=0), mean, atol=1e-9)
    for of_angle in frames.reshape(illumination.angles, illumination.phases, SIZE, SIZE):
        np.testing.assert_allclose(of_angle.mean(axis=0), mean, atol=1e-9)
        assert np.std(of_angle - mean) > 1e-3


@pytest.mark.parametrize("illumination", [Illumination(period_nm=400.0), Illumination(5, 4, 330.0, 0.5, 25.0)])
def test_stripes_have_their_frequency_their_phase_steps_and_what_the_optics_leave_of_their_amplitude(illumination):
    frames = raw_frames(flat(), FINE, BIOSR, illumination)
    frequency = 1e3 / illumination.period_nm
    transfer = optics.diffraction_limited(np.array(frequency / BIOSR.cutoff_per_um))
    for angle, wave_vector in enumerate(illumination.wave_vectors(BIOSR)):
        assert np.hypot(*wave_vector) == pytest.approx(frequency)
        of_angle = frames[angle * illumination.phases :][: illumination.phases]
        amplitudes = np.array([component(frame, wave_vector) for frame in of_angle])
        pixel = np.prod(np.sinc(wave_vector * PIXEL_UM))  # what a pixel's area leaves of the wave
        np.testing.assert_allclose(np.abs(amplitudes), illumination.modulation / 2 * transfer * pixel, rtol=0.01)
        steps = np.angle(amplitudes[1:] / amplitudes[:-1])
        expected = (2 * np.pi / illumination.phases + np.pi) % (2 * np.pi) - np.pi
        np.testing.assert_allclose(steps, expected, atol=0.01)
        # and at no other orientation is there a wave
        across = np.array([wave_vector[1], -wave_vector[0]])
        assert np.abs(component(of_angle[0], across)) < 0.01 * np.abs(amplitudes[0])


def test_orientations_are_those_of_the_microscope_and_divide_half_a_turn():
    vectors = Illumination(first_deg=10).wave_vectors(BIOSR)
    np.testing.assert_allclose(np.rad2deg(np.arctan2(*vectors.T)), [10, 70, 130])
    np.testing.assert_allclose(np.hypot(*vectors.T), 0.8 * BIOSR.cutoff_per_um)


def test_half_a_turn_of_frames_is_an_image_of_the_same_microscope():
    """The waves of the turned frames are where the microscope's are, and step as they do."""
    illumination = Illumination(period_nm=400.0)
    half = next(one for one in EVERY if one.reverses_phases)
    turned = turn(raw_frames(flat(), FINE, BIOSR, illumination), half, illumination.phases)
    for angle, wave_vector in enumerate(illumination.wave_vectors(BIOSR)):
        amplitudes = [component(frame, wave_vector) for frame in turned[3 * angle : 3 * angle + 3]]
        np.testing.assert_allclose(np.angle(np.divide(amplitudes[1:], amplitudes[:-1])), 2 * np.pi / 3, atol=0.01)


def test_a_simulated_set_of_raw_frames_is_ready_to_be_trained_on(tmp_path):
    simulate.run(tmp_path / "raw", "actin", pairs=2, size=32, levels=2, frames="raw", angles=3, phases=5)
    config = resolve(data_layer(tmp_path / "raw/lr"), None, [])
    assert (config.model.inputs, config.data.angles) == (15, 3)
    for pair in find_pairs(tmp_path / "raw/lr", tmp_path / "raw/hr"):
        lr, hr = open_pair(pair, 2, frames_asked(config))
        assert (lr.frames, lr.phases, hr.size) == (15, 5, (64, 64))
        assert images.read(pair.lr).pixels.dtype == np.uint16
