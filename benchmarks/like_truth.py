"""What `simulate --like` finds on simulated images of known truth: bias and spread of every estimate.

python benchmarks/like_truth.py [PROCESSES [REPEATS [FITS]]]

prints the tables of docs/simulator.md: what is measured from single images of 124 px and from four of them, and what
the fit finds.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import product

import numpy as np

from dfcan_bmz.simulation.camera import Camera
from dfcan_bmz.simulation.fields import BIOSR, simulate_field
from dfcan_bmz.simulation.fit import fit, knobs_of
from dfcan_bmz.simulation.measure import measure
from dfcan_bmz.simulation.settings import Simulation, default_simulation

SIZE_PX, REPEATS, FITS, MANY = 124, 12, 4, 4
CAMERA = Camera(gain_counts=2.2, offset_counts=100.0, read_noise_e=1.6)
LIGHTS = (15.0, 60.0, 600.0)
SEEN_LIGHTS = (60.0, 600.0)  # of the fits
STRUCTURES = ("microtubules", "er")
# of the fit: unlike the defaults in all that is looked for
TRUTHS = {
    "microtubules": {
        "haze": 2.5,
        "haze_um": 0.8,
        "background": 0.1,
        "per_um2": 0.5,
        "persistence_um": 8.0,
        "unevenness": 0.5,
    },
    "er": {
        "haze": 2.5,
        "haze_um": 0.8,
        "background": 0.1,
        "per_um2": 2.0,
        "sheets": 0.2,
        "tube_bend": 0.1,
        "unevenness": 0.5,
    },
}


def images(truth: Simulation, photons: float, count: int, seed: int) -> list[np.ndarray]:
    """Simulate `count` images of one light level."""
    microscope = truth.microscope._replace(brightest=photons)
    arguments = (truth.structure, SIZE_PX, 2, 1, truth.haze)
    fields = [
        simulate_field(*arguments, np.random.default_rng([seed, index]), microscope, truth.specimen, truth.camera)
        for index in range(count)
    ]
    return [lr[0].astype(float)[None] for _, lr in fields]


def measured_once(job: tuple[str, float, int, int]) -> list[tuple[float, float]]:
    """Value over truth, and claimed standard error over truth, of gain, offset, read noise, cut-off and light."""
    structure, photons, count, seed = job
    truth = default_simulation(structure).with_values(haze=1.0)._replace(camera=CAMERA)
    found = measure(images(truth, photons, count, seed))
    cutoff = BIOSR.cutoff_per_um * BIOSR.pixel_nm / 1e3
    truths = (CAMERA.gain_counts, CAMERA.offset_counts, CAMERA.read_noise_e, cutoff)
    pairs = [(one.value / t, one.sd / t) for one, t in zip((*found.camera, found.cutoff_px), truths, strict=True)]
    light = float(np.exp(np.mean([np.log(one.photons) for one in found.lights])))
    return [*pairs, (light / photons, np.nan)]


def fitted_once(job: tuple[str, float, int, int]) -> dict[str, tuple[float, float]]:
    """What a fit finds by parameter, and the standard error that it claims; NaN for what it calls untold."""
    structure, photons, count, seed = job
    truth = default_simulation(structure).with_values(**TRUTHS[structure], density_spread=0.0, haze_spread=0.0)
    found = measure(images(truth, photons, count, seed))
    start = default_simulation(structure).with_values(haze=1.0)
    fitted = fit(start, found, knobs_of(start), np.random.default_rng(seed))
    values = fitted.simulation.values()
    return {name: (values[name], fitted.spread.get(name, np.nan)) for name in TRUTHS[structure]}


def print_measured(pool: ProcessPoolExecutor, repeats: int) -> None:
    """Print bias and spread, and in brackets the standard error that is claimed, all in percent of the truth."""
    jobs = [(s, p, n, seed) for s in STRUCTURES for p in LIGHTS for n in (1, MANY) for seed in range(repeats)]
    results = dict(zip(jobs, pool.map(measured_once, jobs), strict=True))
    print("| structure | photons | images | gain | offset | read noise | cut-off | light |\n" + "|---" * 8 + "|")
    for s, p, n in dict.fromkeys(job[:3] for job in jobs):
        values = np.array([results[(s, p, n, seed)] for seed in range(repeats)])
        cells = [
            f"{100 * (value.mean() - 1):+.0f} +- {100 * value.std():.0f}"
            + ("" if np.isnan(sd).any() else f" ({100 * sd.mean():.0f})")
            for value, sd in values.transpose(1, 2, 0)
        ]
        print(f"| {s} | {p:.0f} | {n} | " + " | ".join(cells) + " |", flush=True)


def print_fitted(pool: ProcessPoolExecutor, fits: int) -> None:
    """Print mean and spread of what a fit finds, under the truth; in brackets how many fits call it told."""
    for s, truth in TRUTHS.items():
        heads = [f"`{name}` {value:g}" for name, value in truth.items()]
        print(f"\n| {s}, photons | images | " + " | ".join(heads) + " |\n" + "|---" * (2 + len(truth)) + "|")
        for p, n in product(SEEN_LIGHTS, (1, MANY)):
            results = list(pool.map(fitted_once, [(s, p, n, seed) for seed in range(fits)]))
            cells = []
            for name in truth:
                values, claimed = np.array([one[name] for one in results]).T
                cells.append(f"{values.mean():.2f} +- {values.std():.2f} ({np.isfinite(claimed).sum()} of {fits})")
            print(f"| {p:.0f} | {n} | " + " | ".join(cells) + " |", flush=True)


def main(processes: int, repeats: int = REPEATS, fits: int = FITS) -> None:
    """Print both tables."""
    with ProcessPoolExecutor(processes) as pool:
        if repeats:
            print_measured(pool, repeats)
        if fits:
            print_fitted(pool, fits)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:] or ["1"]))
