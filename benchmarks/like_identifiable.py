"""Which parameters does one image tell `simulate --like`, and is it as sure of them as it should be?

    python benchmarks/like_identifiable.py [STRUCTURE...]

simulates 192 images of 124 px at 60 and at 600 photons, each with parameters of its own, drawn about those with which a
fit begins. What an eighth of the images tells is inferred by one round of the regression from the other images, and
compared with the truth. The table of docs/simulator.md has, for each parameter, the share of the images that tell it;
the root-mean-square error as a share of that without an image, where it is told; and the error over the standard error
that is claimed, 1 where that is right.
"""

import sys

import numpy as np

from dfcan_bmz.simulation.description import Description, Group, describe
from dfcan_bmz.simulation.fit import draw_fields, knobs_of
from dfcan_bmz.simulation.regression import DRAWS, PRIOR, Inferred, likeliest, line_through, reflected
from dfcan_bmz.simulation.settings import default_simulation

STRUCTURES, LIGHTS, SIZE_PX, FOLDS, SEED = ("microtubules", "er"), (60.0, 600.0), 124, 8, 3


def held_out(shares: np.ndarray, first: np.ndarray, seen: list[Description], group: Group) -> list[Inferred]:
    """Infer the shares of each image from the images of the other folds."""
    fold = np.arange(len(seen)) % FOLDS
    found = []
    for index, described in enumerate(seen):
        others = np.flatnonzero(fold != fold[index])
        real = group._replace(described=described)
        line = line_through(shares[others] - first, [seen[other] for other in others], real)
        found.append(likeliest([line], first, first, 1.0))
    return found


def print_rows(structure: str) -> None:
    """Simulate, infer, and print a row for each parameter and light."""
    start = default_simulation(structure).with_values(haze=1.0)
    knobs = knobs_of(start)
    first = np.array([knob.share(start.values()[knob.name]) for knob in knobs])
    shares = reflected(first + np.random.default_rng(SEED).normal(0, PRIOR, (DRAWS, len(first))))
    groups = [Group(photons, SIZE_PX, 1, {}) for photons in LIGHTS]
    drawn = []
    for index, one in enumerate(shares):
        values = {knob.name: knob.at(share) for knob, share in zip(knobs, one, strict=True)}
        drawn.append([describe(tile) for tile in draw_fields(start.with_values(**values), groups, index)])
    for group, described in zip(groups, zip(*drawn, strict=True), strict=True):
        shown = np.array([one is not None for one in described])
        seen = [one for one in described if one is not None]
        found = held_out(shares[shown], first, seen, group)
        for index, knob in enumerate(knobs):
            told = np.array([one.told[index] for one in found])
            cells = f"| {structure} | {group.photons:.0f} | `{knob.name}` | {told.mean():.0%} |"
            if not told.any():
                print(cells + " | |", flush=True)
                continue
            truth = shares[shown][told, index]
            error = np.array([one.shares[index] for one in found])[told] - truth
            claimed = np.array([one.sd[index] for one in found])[told]
            left = np.sqrt(np.mean(error**2) / np.mean((first[index] - truth) ** 2))
            print(cells + f" {left:.2f} | {np.sqrt(np.mean((error / claimed) ** 2)):.1f} |", flush=True)


if __name__ == "__main__":
    print("| structure | photons | parameter | told | error | error over claim |\n" + "|---" * 6 + "|")
    for name in sys.argv[1:] or STRUCTURES:
        print_rows(name)
