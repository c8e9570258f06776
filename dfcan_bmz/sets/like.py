"""A simulation that fits itself to a user's images: what `simulate --like` and `degrade --like` share."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dfcan_bmz.domain import WORDS, as_text, describe_domain, distances
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.events import SILENT, Events
from dfcan_bmz.fingerprint import fingerprint
from dfcan_bmz.sets.like_images import read_like
from dfcan_bmz.simulation.camera import expose
from dfcan_bmz.simulation.fields import draw_scene, level_photons, widefield
from dfcan_bmz.simulation.fit import FINE, Fitted, Knob, fit, knobs_of
from dfcan_bmz.simulation.measure import Measured, measure
from dfcan_bmz.simulation.regression import ASSUMED, SIMULATED
from dfcan_bmz.simulation.settings import Simulation, default_simulation, write_simulation

LIKE_BANDWIDTH = 1.8
WIDER = 2.0  # the simulated light begins as many times below the dimmest tile, and ends as much above the brightest
SURE = 0.1  # relative standard error up to which a measured cut-off is better than a stated or a fitted one
UNSEEN_CUTOFF = 0.6  # cycles a pixel: no image shows a cut-off beyond its own corners
FAR = 4.0  # in units of what hardly anybody sees: a difference that everybody sees
DEPICTED = 12  # simulated fields that are compared and drawn

FITTED_KINDS = WORDS | {"signal-to-noise": "signal-to-noise ratio", "texture": "contrast of fine and coarse detail"}


class Likeness(NamedTuple):
    """Outcome of a fit, and what it is to be told with.

    Attributes
    ----------
    simulation : Simulation
        The nearest.
    origins, spread : dict
        Where each value comes from, and its standard error where known.
    measured : Measured
        The real images.
    fitted : Fitted
        The fit.
    before, after : dict of str to float
        Distance of the real images from simulated ones by kind, in units of the latter's own distances, with the
        structure's defaults and as fitted.
    """

    simulation: Simulation
    origins: dict[str, str]
    spread: dict[str, float]
    measured: Measured
    fitted: Fitted
    before: dict[str, float]
    after: dict[str, float]


def fit_like(paths: list[Path], structure: str, given: dict[str, Any], seed: int, events: Events = SILENT) -> Likeness:
    """Measure images, and find the simulation that is like them; what is `given` stays as it is."""
    stacks, stated = read_like(paths, events)
    measured = measure(stacks)
    if not measured.tiles:
        raise DfcanError("--like holds no image that shows anything: give images with a structure in them")
    warn_of_flaws(measured, events)
    plain = default_simulation(structure)
    start, origins, spread = _start(plain, measured, stated, given)
    knobs = [knob for knob in _knobs(start, origins) if knob.name not in given]
    events.begin("fitting", SIMULATED, "simulated fields")
    fitted = fit(start, measured, knobs, np.random.default_rng(seed), events.step)
    events.done()
    origins |= {knob.name: "fitted" if knob.name in fitted.spread else ASSUMED for knob in knobs}
    simulation = fitted.simulation.rounded()
    before, after = (_domain_distances(one, measured, seed) for one in (plain, simulation))
    return Likeness(simulation, origins, spread | fitted.spread, measured, fitted, before, after)


def _start(
    plain: Simulation, measured: Measured, stated: dict[str, float], given: dict[str, Any]
) -> tuple[Simulation, dict[str, str], dict[str, float]]:
    """What metadata and measurements say, before the fit."""
    camera, light = measured.camera, measured.lights
    values: dict[str, Any] = dict(stated)
    origins = dict.fromkeys(stated, "metadata")
    spread = {}
    for name, estimate in zip(("gain_counts", "offset_counts", "read_noise_e"), camera, strict=True):
        values[name], spread[name], origins[name] = float(estimate.value), float(estimate.sd), "measured"
    values["step_counts"] = 1.0 if measured.whole and (camera.offset.value > 0 or measured.black) else 0.0
    values["background"] = float(np.median([one.background for one in light])) / 2  # the other half may be haze
    values["haze"] = 1.0
    photons = [one.photons for one in light]
    values |= {"dimmest": min(photons) / WIDER, "brightest": max(photons) * WIDER}
    origins |= dict.fromkeys(("step_counts", "dimmest", "brightest"), "measured")
    # what a reconstruction of striped illumination delivers: stripes come no finer than the lens lets them
    values |= {"target": "wiener", "bandwidth": LIKE_BANDWIDTH}
    start = plain.with_values(**values | given)
    cutoff = measured.cutoff_px
    if "na" not in given and _seen(measured):
        # the aperture of the perfect microscope that passes as much as this one does
        microscope = start.microscope
        per_na = 2 * microscope.pixel_nm / microscope.emission_nm
        start = start.with_values(na=float(cutoff.value / per_na))
        origins["na"], spread["na"] = "measured", float(cutoff.sd / per_na)
    return start.rounded(), origins | dict.fromkeys(given, "given"), spread


def _seen(measured: Measured) -> bool:
    return measured.cutoff_px.value < UNSEEN_CUTOFF and measured.cutoff_px.sd < SURE * measured.cutoff_px.value


def _knobs(start: Simulation, origins: dict[str, str]) -> list[Knob]:
    """What to fit: the aperture too, where neither the images nor their metadata tell it."""
    knobs = knobs_of(start)
    if "na" in origins:
        return knobs
    na = start.microscope.na
    return [*knobs, Knob("na", na / 1.6, na * 1.2, True)]


def simulated(simulation: Simulation, size: int, photons: list[float], count: int, seed: int) -> list[np.ndarray]:
    """Simulate `count` LR images of `size` px at light levels in turn."""
    planes = []
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        scene = draw_scene(
            simulation.structure, size, FINE, simulation.haze, rng, simulation.microscope, simulation.specimen
        )
        light = widefield(scene, FINE, simulation.microscope) * photons[index % len(photons)]
        planes.append(expose(light, rng, simulation.camera))
    return planes


def _domain_distances(simulation: Simulation, measured: Measured, seed: int) -> dict[str, float]:
    size = measured.tiles[0].shape[0]
    photons = level_photons(3, simulation.microscope)
    planes = simulated(simulation, size, photons, 2 * DEPICTED, seed)
    domain = describe_domain(((str(index), plane) for index, plane in enumerate(planes)), [])
    found = [distances(fingerprint(tile), domain) for tile in measured.tiles]
    return {kind: float(np.median([one[kind] for one in found if one])) for kind in next(filter(None, found))}


def write_likeness(folder: Path, likeness: Likeness, paths: list[Path]) -> None:
    """Write ``simulation.yaml`` and ``like.png``."""
    from dfcan_bmz.report.like import plot_like  # matplotlib takes its time

    notes = {
        "like": [path.name for path in paths],
        "distance": {
            "before": _short(likeness.before),
            "after": _short(likeness.after),
            "unit": "the largest distance of a simulated image to its nearest neighbour",
        },
    }
    write_simulation(folder / "simulation.yaml", likeness.simulation, likeness.origins, likeness.spread, notes)
    tiles, lights = likeness.measured.tiles, likeness.measured.lights
    order = np.argsort([-one.photons for one in lights])
    shown = [tiles[index] for index in order[np.linspace(0, len(order) - 1, min(4, len(order))).astype(int)]]
    photons = [lights[index].photons for index in order[np.linspace(0, len(order) - 1, 4).round().astype(int)]]
    size = tiles[0].shape[0]
    plain = default_simulation(likeness.simulation.structure)
    series = {
        "real": tiles[:DEPICTED],
        "simulated": simulated(likeness.simulation, size, photons, DEPICTED, 1),
        "simulated with defaults": simulated(plain, size, level_photons(4, plain.microscope)[::-1], DEPICTED, 1),
    }
    crops = {"real": shown, **{name: planes[:4] for name, planes in series.items() if name != "real"}}
    distance = {"with defaults": likeness.before, "fitted": likeness.after}
    plot_like(crops, series, distance).savefig(folder / "like.png", dpi=110)


def like_fingerprints(measured: Measured) -> list[str]:
    """Fingerprints of the real tiles, for ``dataset.yaml``: `train` says later how far they are from what it saw."""
    return [as_text(found) for found in (fingerprint(tile) for tile in measured.tiles) if found]


def report_likeness(likeness: Likeness, events: Events) -> None:
    """Report what was found, and warn of what did not come near."""
    simulation, measured = likeness.simulation, likeness.measured
    microscope, camera = simulation.microscope, measured.camera
    photons = [one.photons for one in measured.lights]
    pixel = f"{microscope.pixel_nm:g} nm ({likeness.origins.get('pixel_nm', 'not known: default')})"
    events.tell(
        f"{len(measured.tiles)} tiles: pixels of {pixel}, "
        f"cut-off {1e3 / microscope.cutoff_per_um:.0f} nm ({likeness.origins.get('na', 'default')}), "
        f"{camera.gain.value:.3g} +- {camera.gain.sd:.2g} counts per electron, "
        f"{min(photons):.3g} to {max(photons):.3g} photons"
    )
    if untold := [name for name, origin in likeness.origins.items() if origin == ASSUMED]:
        events.tell(f"the images do not tell {', '.join(untold)}: assumed, see simulation.yaml")
    before, after = (max(one.values()) for one in (likeness.before, likeness.after))
    events.tell(
        f"distance to the simulated images: {before:.1f} with defaults, {after:.1f} as fitted "
        "(up to 1: as close as to each other)"
    )
    far = [FITTED_KINDS[kind] for kind, difference in likeness.fitted.after.items() if difference > FAR]
    if far:
        events.warning(
            f"the simulated images still differ from the real ones in the {', the '.join(far)}: see like.png"
        )


def warn_of_flaws(measured: Measured, events: Events) -> None:
    """Warn of images that are not as the camera took them."""
    if measured.black:
        events.warning(f"{measured.black:.1%} of the pixels are cut off at black: give images as the camera took them")
    if measured.saturated:
        events.warning(f"{measured.saturated:.1%} of the pixels are saturated: give images without, if there are any")
    if not measured.even:
        events.warning(
            "the finest noise is missing: the images were smoothed, enlarged or compressed, and photons and counts per "
            "electron are not to be trusted; give images as the camera took them"
        )


def _short(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in values.items()}
