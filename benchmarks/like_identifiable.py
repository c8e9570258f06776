"""Which parameters does one image tell? How much each changes what `simulate --like` compares.

    python benchmarks/like_identifiable.py

prints, for each parameter of the fit in docs/simulator.md, how much the numbers that describe an image change
between the value at which the fit starts and the truth, all else being as in truth: in standard deviations of the
number between single images of 124 px at 600 photons, the largest of all numbers and their root mean square. Under 2 in
the largest, one image does not tell the parameter, however many fields are simulated.
"""

import numpy as np
from like_truth import TRUTHS, images

from dfcan_bmz.simulation.description import describe
from dfcan_bmz.simulation.settings import Simulation, default_simulation

FIELDS, PHOTONS, SEED = 16, 600.0, 5


def numbers(simulation: Simulation) -> np.ndarray:
    """(fields, numbers): descriptions of images of one simulation."""
    found = [describe(image[0]) for image in images(simulation, PHOTONS, FIELDS, SEED)]
    return np.array([np.concatenate(list(one.values())) for one in found if one])


def main() -> None:
    """Print a row for each parameter."""
    print("| structure | parameter | start | truth | largest change | root mean square |\n" + "|---" * 6 + "|")
    for structure, values in TRUTHS.items():
        start = default_simulation(structure).with_values(haze=1.0).values()
        truth = default_simulation(structure).with_values(**values, density_spread=0.0, haze_spread=0.0)
        known = numbers(truth)
        for name, value in values.items():
            change = numbers(truth.with_values(**{name: start[name]})).mean(axis=0) - known.mean(axis=0)
            spreads = np.abs(change) / known.std(axis=0)
            cells = f"{start[name]:g} | {value:g} | {spreads.max():.1f} | {np.sqrt(np.mean(spreads**2)):.1f}"
            print(f"| {structure} | `{name}` | {cells} |", flush=True)


if __name__ == "__main__":
    main()
