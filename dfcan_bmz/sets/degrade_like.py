"""A degradation that fits itself to a user's low-resolution images: ``degrade --like``."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dfcan_bmz.degradation import Degradation, crop_to_multiple, degrade
from dfcan_bmz.events import SILENT, Events
from dfcan_bmz.simulation.camera import SCMOS
from dfcan_bmz.simulation.description import differences, groups_of, total
from dfcan_bmz.simulation.fit import Knob
from dfcan_bmz.simulation.measure import PSF_SIGMA, Measured
from dfcan_bmz.simulation.regression import ASSUMED, SIMULATED, infer

CROPS = 4  # of the HR images, for each candidate


class FittedDegradation(NamedTuple):
    """A degradation, where its values come from, and how far its images were and are from the real ones."""

    settings: Degradation
    origins: dict[str, str]
    before: float
    after: float


def fit_degradation(
    hr: Sequence[np.ndarray],
    measured: Measured,
    scale: int,
    start: Degradation,
    given: dict[str, Any],
    seed: int,
    events: Events = SILENT,
) -> FittedDegradation:
    """Find what makes HR planes look like the LR images that were measured.

    Parameters
    ----------
    hr : sequence of numpy.ndarray
        (Y, X) each.
    measured : Measured
        The LR images.
    scale : int
        Scale factor s.
    start : Degradation
        A preset with what is given.
    given : dict
        Attributes that stay as they are.
    seed : int
        Of all that is simulated.
    events : Events
        Hears of simulated images.
    """
    found = {name: value for name, value in _measured(measured).items() if name not in given}
    begin = start._replace(**found)
    psf_px = scale * PSF_SIGMA / measured.cutoff_px.value
    knobs = [knob for knob in _knobs(psf_px, start) if knob.name not in given]
    groups = groups_of(measured)
    size = scale * groups[0].size
    rng = np.random.default_rng(seed)
    crops = [crop_to_multiple(_crop(plane, size, rng), scale) for plane in hr]

    def at(shares: np.ndarray) -> Degradation:
        values: dict[str, Any] = {knob.name: knob.at(share) for knob, share in zip(knobs, shares, strict=True)}
        return begin._replace(**values)

    def seen(settings: Degradation, crop: np.ndarray, noise: np.random.Generator) -> list[np.ndarray]:
        # brighter and dimmer images differ in their noise alone
        electrons = [group.photons * SCMOS.quantum_efficiency for group in groups]
        dimmed = [settings if "photons" in given else _lit(settings, light) for light in electrons]
        return [degrade(crop, scale, one, noise) for one in dimmed]

    def drawn(shares: np.ndarray, chance: int) -> list[np.ndarray]:
        return seen(at(shares), crops[chance % len(crops)], np.random.default_rng(chance))

    def apart(settings: Degradation) -> float:
        noise = np.random.default_rng(seed)
        return total(differences(list(zip(*(seen(settings, crop, noise) for crop in crops), strict=True)), groups))

    first = np.array([knob.share(_first(knob.name, psf_px, begin)) for knob in knobs])
    events.begin("fitting", SIMULATED, "simulated images")
    inferred = infer(drawn, groups, first, rng, events.step)
    events.done()
    fitted = at(inferred.shares)
    sources = {knob.name: "fitted" if told else ASSUMED for knob, told in zip(knobs, inferred.told, strict=True)}
    origins = dict.fromkeys(found, "measured") | sources | dict.fromkeys(given, "given")
    rounded: dict[str, Any] = {
        name: float(f"{getattr(fitted, name):.4g}") for name in (*found, *(knob.name for knob in knobs))
    }
    return FittedDegradation(fitted._replace(**rounded), origins, apart(start), apart(fitted))


def _measured(measured: Measured) -> dict[str, Any]:
    """What the images themselves say of light and noise."""
    light = float(np.median([one.photons for one in measured.lights])) * SCMOS.quantum_efficiency
    return {"photons": light, "noise": float(measured.camera.read_noise.value) / light, "local_noise": 0.0}


def _knobs(psf_px: float, start: Degradation) -> list[Knob]:
    """What to fit; a measured point spread function is the blur."""
    blur = Knob("blur", 0.0, 2 * psf_px)  # HR images have a blur of their own
    return [
        *([] if start.psf is not None else [blur]),
        Knob("haze", 0.02, 8.0, True, off=0.1),
        Knob("haze_px", 2 * psf_px, 16 * psf_px, True),
        Knob("background", 0.0, 1.0),
    ]


def _lit(settings: Degradation, electrons: float) -> Degradation:
    return settings._replace(photons=electrons, noise=settings.noise * settings.photons / electrons)


def _first(name: str, psf_px: float, begin: Degradation) -> float:
    return {"blur": psf_px, "haze": 0.5, "haze_px": 6 * psf_px, "background": 0.1}.get(name, getattr(begin, name))


def _crop(plane: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    y, x = (int(rng.integers(0, max(length - size, 0) + 1)) for length in plane.shape)
    return plane[y : y + size, x : x + size]
