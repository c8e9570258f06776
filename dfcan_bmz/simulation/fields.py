"""Fields of view: one specimen, its widefield images at several light levels, and its target of larger bandwidth."""

from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.simulation import optics
from dfcan_bmz.simulation.camera import SCMOS, Camera, expose
from dfcan_bmz.simulation.specimen import Specimen, about_one, label, random_field
from dfcan_bmz.simulation.structures import SPECIMENS, STRUCTURES

DEEPER = 4.0
OVERSAMPLING = 2  # fine pixels an HR pixel
MARGIN_PX = 16  # LR pixels simulated and cut away, so that nothing wraps around
HR_COUNTS = 40000.0  # the target's 99.9th percentile: it is given in units of its own


class Microscope(NamedTuple):
    """Optics, light and labelling, each with its unit; the defaults are those of BioSR's F-actin set."""

    pixel_nm: Annotated[float, "nm"] = 62.6  # side of an LR pixel in the specimen
    na: float = 1.41  # numerical aperture
    emission_nm: Annotated[float, "nm"] = 525.0  # wavelength of the emission
    # cut-off of the target; None for the scale factor (2 for linear, 3 for nonlinear structured illumination)
    bandwidth: Annotated[float | None, "x the widefield cut-off"] = None
    # an OTF of the larger cut-off, the flat one of a reconstruction, or that with all that is negative clipped and
    # `artefacts`, as a microscope delivers it
    target: Annotated[Literal["otf", "wiener", "sim"], "otf, wiener or sim"] = "otf"
    artefacts: Annotated[float, "share of the target's 99.9th percentile"] = 0.0  # stripes and honeycomb noise of "sim"
    dimmest: Annotated[float, "photons at the 99.9th percentile"] = 15.0  # at the first light level, as in BioSR
    brightest: Annotated[float, "photons at the 99.9th percentile"] = 600.0  # at the last one
    # that carry a fluorophore, 0 to 1: sparse labels break filaments into dots
    labelling: Annotated[float, "share of the binding sites"] = 1.0
    haze_um: Annotated[float, "micrometres (sigma)"] = 0.6  # of the Gaussian that blurs what is about a micrometre away
    haze_deep: Annotated[float, "share of the haze from four times as far"] = 0.0  # blurred `DEEPER` times as much
    # cells differ in thickness
    haze_spread: Annotated[float, "standard deviation between fields, share of haze"] = 3**-0.5
    background: Annotated[float, "share of the signal's 99.9th percentile"] = 0.05  # light that is everywhere
    pattern: Annotated[float, "standard deviation of the logarithm of the background"] = 0.0
    pattern_um: Annotated[float, "micrometres"] = 2.0  # how far the background stays alike

    @property
    def cutoff_per_um(self) -> float:
        """Widefield cut-off 2 NA / wavelength, in 1 / micrometre."""
        return 2 * self.na / self.emission_nm * 1e3


BIOSR = Microscope()


def level_photons(levels: int, microscope: Microscope = BIOSR) -> list[float]:
    """Photons at the 99.9th percentile by level, dimmest first; a single level is the brightest."""
    return np.geomspace(microscope.brightest, microscope.dimmest, levels)[::-1].tolist()


class Scene(NamedTuple):
    """What a microscope looks at, on a fine grid.

    Attributes
    ----------
    focus, layer : numpy.ndarray
        (fine, fine): fluorophores a pixel; the layer out of focus is None where there is no haze.
    share : float
        Light out of focus over light in focus.
    chance : numpy.random.Generator
        For what is not in the grid: patterns and artefacts.
    """

    focus: np.ndarray
    layer: np.ndarray | None
    share: float
    chance: np.random.Generator


def draw_scene(
    structure: str,
    size: int,
    fine: int,
    haze: float,
    rng: np.random.Generator,
    microscope: Microscope,
    specimen: Specimen | None = None,
) -> Scene:
    """Draw a specimen for LR images of `size` pixels a side, and a margin, on a grid of `fine` pixels an LR pixel."""
    chance = rng.spawn(1)[0]  # so that what is off leaves everything else as it is
    specimen = specimen or SPECIMENS[structure]
    if specimen.towards is None:
        specimen = specimen._replace(towards=chance.uniform(0, 2 * np.pi))
    fine_pixels, fine_um = (size + 2 * MARGIN_PX) * fine, microscope.pixel_nm / 1e3 / fine
    side_um = fine_pixels * fine_um
    points = STRUCTURES[structure](side_um, rng, specimen)
    if microscope.labelling < 1:
        points = points[rng.random(len(points)) < microscope.labelling]
    points, weights = label(points, side_um, specimen, chance)
    focus = optics.render(points, fine_pixels, fine_um, weights)
    if not focus.any():
        raise DfcanError(f"no fluorophore is left in a field of {size} px: raise --labelling or --size")
    if not haze:
        return Scene(focus, None, 0.0, chance)
    layer = optics.render(STRUCTURES[structure](side_um, rng, specimen), fine_pixels, fine_um)
    return Scene(focus, layer, haze * about_one(microscope.haze_spread, rng), chance)


def widefield(scene: Scene, fine: int, microscope: Microscope) -> np.ndarray:
    """What reaches the pixels of the camera, (size, size); 1 is the 99.9th percentile of all but the background."""
    signal = light(scene, fine, microscope)
    return signal / np.percentile(signal, 99.9) + background(signal.shape[0], microscope, scene.chance)


def light(scene: Scene, fine: int, microscope: Microscope) -> np.ndarray:
    """Light of the specimen, in focus and out of it, (size, size), in units of a fluorophore."""
    fine_um = microscope.pixel_nm / 1e3 / fine
    image = np.maximum(optics.image(scene.focus, fine_um, microscope.cutoff_per_um), 0)
    if scene.layer is not None and scene.layer.any():
        sigma = microscope.haze_um / fine_um
        blurred = gaussian_filter(scene.layer, sigma, mode="wrap")
        if microscope.haze_deep:
            deep = gaussian_filter(blurred, sigma * np.sqrt(DEEPER**2 - 1), mode="wrap")
            blurred = (1 - microscope.haze_deep) * blurred + microscope.haze_deep * deep
        image += blurred * (scene.share * image.sum() / blurred.sum())
    return cropped(optics.bin_sum(image, fine))


def background(size: int, microscope: Microscope, chance: np.random.Generator) -> np.ndarray | float:
    """Light that is everywhere, even or patterned, as a share of the signal's 99.9th percentile."""
    if not microscope.pattern:
        return microscope.background
    pixel_um = microscope.pixel_nm / 1e3
    places = (np.indices((size, size)).reshape(2, -1).T + 0.5) * pixel_um
    field = random_field(places, size * pixel_um, microscope.pattern_um, chance).reshape(size, size)
    return microscope.background * np.exp(microscope.pattern * field - microscope.pattern**2 / 2)


def simulate_field(
    structure: str,
    size: int,
    scale: int,
    levels: int,
    haze: float,
    rng: np.random.Generator,
    microscope: Microscope = BIOSR,
    specimen: Specimen | None = None,
    camera: Camera = SCMOS,
    seen: Callable[[Scene, int, Microscope], np.ndarray] = widefield,
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Simulate one field of view.

    Parameters
    ----------
    structure : str
        What is labelled: a key of `STRUCTURES`.
    size : int
        Side of the LR images in pixels.
    scale : int
        Scale factor s: the target has s times the pixels a side.
    levels : int
        Number of light levels.
    haze : float
        Out-of-focus light on average, as a multiple of the light in focus: another layer of the specimen, seen through
        a Gaussian of `haze_um` in the widefield images, and not at all in the target, as structured illumination
        rejects it.
    rng : numpy.random.Generator
        Source of specimen and noise.
    microscope : Microscope
        Pixels, optics and light.
    specimen : Specimen, optional
        How the structure fills the field; its own of `SPECIMENS` if not given.
    camera : Camera
        What turns light into counts.
    seen : callable
        What of the scene reaches the camera: its widefield image, or the raw frames of structured illumination
        (`dfcan_bmz.simulation.illumination.raw_frames`). Photons are those of each frame.

    Returns
    -------
    hr : numpy.ndarray
        (s size, s size) uint16 target, without noise but for `artefacts`.
    lr : list of numpy.ndarray
        (size, size) or (frames, size, size) counts by level, dimmest first; registered with `hr` by construction.

    Raises
    ------
    DfcanError
        If the field is so small, or so sparsely labelled, that nothing shines in it.
    """
    fine = scale * OVERSAMPLING
    scene = draw_scene(structure, size, fine, haze, rng, microscope, specimen)
    hr = _counts(_target(scene, fine, scale, microscope))
    signal = seen(scene, fine, microscope)
    return hr, [expose(signal * photons, rng, camera) for photons in level_photons(levels, microscope)]


def _target(scene: Scene, fine: int, scale: int, microscope: Microscope) -> np.ndarray:
    """The optical image of larger bandwidth, (s size, s size)."""
    cutoff = microscope.cutoff_per_um * (microscope.bandwidth or scale)
    fine_um = microscope.pixel_nm / 1e3 / fine
    target = optics.image(scene.focus, fine_um, cutoff, optics.TRANSFERS[microscope.target])
    target = cropped(optics.bin_sum(target, OVERSAMPLING), MARGIN_PX * scale)
    if microscope.target != "sim":
        return target - min(0, np.percentile(target, 0.1))  # counts have no sign: dark rims become the darkest grey
    if microscope.artefacts:
        pixel_um = microscope.pixel_nm / 1e3 / scale
        target = optics.artefacts(target, pixel_um, cutoff, microscope.artefacts, scene.chance)
    return np.maximum(target, 0)


def _counts(target: np.ndarray) -> np.ndarray:
    return np.clip(np.round(target / np.percentile(target, 99.9) * HR_COUNTS), 0, 65535).astype(np.uint16)


def cropped(image: np.ndarray, margin: int = MARGIN_PX) -> np.ndarray:
    """Without the margin of an image."""
    return image[margin:-margin, margin:-margin]
