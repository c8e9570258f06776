"""What `simulate --like` finds on simulated images of known truth: bias and spread of every estimate.

python benchmarks/like_truth.py [PROCESSES]

prints the tables of docs/simulator.md: what is measured from single images of 124 px and from eight of them, and what
the search finds.
"""

import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from dfcan_bmz.simulate.camera import Camera
from dfcan_bmz.simulate.fields import BIOSR, simulate_field
from dfcan_bmz.simulate.fit import fit, knobs_of
from dfcan_bmz.simulate.measure import measure
from dfcan_bmz.simulate.settings import Simulation, default_simulation

SIZE_PX, REPEATS, SEARCHES, MANY = 124, 12, 5, 6
CAMERA = Camera(gain_counts=2.2, offset_counts=100.0, read_noise_e=1.6)
LIGHTS = (15.0, 60.0, 600.0, 4000.0)
STRUCTURES = ("microtubules", "er", "ccps")
# of the search: unlike the defaults in all that is looked for
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


def searched_once(job: tuple[str, float, int, int]) -> dict[str, float]:
    """What a search finds, by parameter."""
    structure, photons, count, seed = job
    truth = default_simulation(structure).with_values(**TRUTHS[structure], density_spread=0.0, haze_spread=0.0)
    found = measure(images(truth, photons, count, seed))
    start = default_simulation(structure).with_values(haze=1.0)
    fitted = fit(start, found, knobs_of(start), np.random.default_rng(seed))
    return {name: fitted.simulation.values()[name] for name in TRUTHS[structure]}


def main(processes: int) -> None:
    """Print both tables."""
    with ProcessPoolExecutor(processes) as pool:
        jobs = [(s, p, n, seed) for s in STRUCTURES for p in LIGHTS for n in (1, MANY) for seed in range(REPEATS)]
        results = dict(zip(jobs, pool.map(measured_once, jobs), strict=True))
        print("| structure | photons | images | gain | offset | read noise | cut-off | light |\n" + "|---" * 8 + "|")
        for s, p, n in dict.fromkeys(job[:3] for job in jobs):
            values = np.array([results[(s, p, n, seed)] for seed in range(REPEATS)])
            cells = [
                f"{100 * (value.mean() - 1):+.0f} +- {100 * value.std():.0f} %"
                + ("" if np.isnan(sd).any() else f" ({100 * sd.mean():.0f})")
                for value, sd in values.transpose(1, 2, 0)
            ]
            print(f"| {s} | {p:.0f} | {n} | " + " | ".join(cells) + " |", flush=True)
        searches = [
            (s, p, n, seed) for s in TRUTHS for p in (60.0, 600.0) for n in (1, MANY) for seed in range(SEARCHES)
        ]
        fitted = dict(zip(searches, pool.map(searched_once, searches), strict=True))
        for s, truth in TRUTHS.items():
            print(
                f"\n| {s}, photons | images | "
                + " | ".join(f"{name} {value:g}" for name, value in truth.items())
                + " |"
            )
            print("|---" * (2 + len(truth)) + "|")
            for p, n in dict.fromkeys(job[1:3] for job in searches):
                rows = [fitted[(s, p, n, seed)] for seed in range(SEARCHES)]
                cells = [
                    f"{np.mean([r[name] for r in rows]):.2f} +- {np.std([r[name] for r in rows]):.2f}" for name in truth
                ]
                print(f"| {p:.0f} | {n} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
