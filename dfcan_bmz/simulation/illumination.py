"""Raw frames of structured illumination: a specimen under stripes of several orientations and phases.

The stripes are ``1 + m cos(2 pi k r + p)`` (Gustafsson 2000, doi 10.1046/j.1365-2818.2000.00710.x). Over the phases of
one orientation their mean is 1, so that the mean of the frames is the widefield image.
"""

from typing import NamedTuple

import numpy as np

from dfcan_bmz.simulation import optics
from dfcan_bmz.simulation.fields import Microscope, Scene, background, cropped, light

PERIOD_SHARE = 0.8  # frequency of the stripes over the widefield cut-off, where no period is given


class Illumination(NamedTuple):
    """Stripes of a microscope.

    Attributes
    ----------
    angles, phases : int
        Orientations, which divide half a turn evenly, and phases of each, which divide a whole period evenly.
    period_nm : float or None
        Of the stripes, in the specimen; None for 1.25 times the finest that the widefield image resolves.
    modulation : float
        Amplitude of the stripes as a share of their mean, 0 to 1, before the optics blur them.
    first_deg : float
        Orientation of the first stripes: of the direction across them, from the x axis towards the y axis.
    """

    angles: int = 3
    phases: int = 3
    period_nm: float | None = None
    modulation: float = 0.8
    first_deg: float = 10.0

    @property
    def frames(self) -> int:
        """Frames of an image."""
        return self.angles * self.phases

    def wave_vectors(self, microscope: Microscope) -> np.ndarray:
        """(angles, 2): frequencies of the stripes along y and x, in 1 / micrometre."""
        period = self.period_nm
        frequency = 1e3 / period if period else PERIOD_SHARE * microscope.cutoff_per_um
        directions = np.deg2rad(self.first_deg) + np.arange(self.angles) * np.pi / self.angles
        return frequency * np.stack([np.sin(directions), np.cos(directions)], axis=1)


def raw_frames(scene: Scene, fine: int, microscope: Microscope, illumination: Illumination) -> np.ndarray:
    """What reaches the camera under each pattern of stripes.

    Light from out of focus has no stripes: they blur there. The first phase of each orientation is drawn, as it is
    another in every image.

    Parameters
    ----------
    scene : Scene
        The specimen.
    fine : int
        Fine pixels an LR pixel.
    microscope, illumination
        What looks at it, and its stripes.

    Returns
    -------
    numpy.ndarray
        (frames, size, size), by orientation, then by phase; 1 is the 99.9th percentile of their mean but for the
        background. Their mean is `dfcan_bmz.simulation.fields.widefield`.
    """
    fine_um = microscope.pixel_nm / 1e3 / fine
    signal = light(scene, fine, microscope)
    top = np.percentile(signal, 99.9)
    mean = signal / top + background(signal.shape[0], microscope, scene.chance)
    places = (np.indices(scene.focus.shape) + 0.5) * fine_um
    frames = []
    for along_y, along_x in illumination.wave_vectors(microscope):
        first = scene.chance.uniform(0, 2 * np.pi)
        for step in range(illumination.phases):
            turns = along_y * places[0] + along_x * places[1] + step / illumination.phases
            stripes = illumination.modulation * np.cos(2 * np.pi * turns + first)
            striped = optics.image(scene.focus * stripes, fine_um, microscope.cutoff_per_um)
            frames.append(mean + cropped(optics.bin_sum(striped, fine)) / top)
    return np.maximum(frames, 0)
