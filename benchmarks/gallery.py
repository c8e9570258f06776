"""Every structure of the simulator at three light levels, its target, and a real microtubule field if there is one.

python benchmarks/gallery.py OUT.png [WIDEFIELD.tif TARGET.tif]
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from dfcan_bmz import images
from dfcan_bmz.simulation.fields import level_photons, simulate_field
from dfcan_bmz.simulation.structures import STRUCTURES

SIZE_PX, LEVELS, HAZE = 96, 3, 1.0


def main(out: Path, real: list[Path]) -> None:
    """Draw the gallery."""
    rows = []
    for structure in STRUCTURES:
        hr, lr = simulate_field(structure, SIZE_PX, 2, LEVELS, HAZE, np.random.default_rng(1))
        rows.append((structure, [*lr, hr]))
    if real:
        pictures = [images.read(path).pixels for path in real]
        rows.append(("real microtubules", [pictures[0], pictures[1]]))
    titles = [f"{photons:.0f} photons" for photons in level_photons(LEVELS)] + ["target"]
    figure = Figure(figsize=(2.4 * (LEVELS + 1), 2.4 * len(rows) + 0.3), layout="compressed")
    for row, (name, pictures) in enumerate(rows):
        for column, picture in zip(range(LEVELS + 1)[-len(pictures) :], pictures, strict=True):
            axes = figure.add_subplot(len(rows), LEVELS + 1, row * (LEVELS + 1) + column + 1)
            low, high = np.percentile(picture, (0.5, 99.8))
            axes.imshow(picture, cmap="inferno", vmin=low, vmax=high, interpolation="nearest")
            axes.set_xticks([], [])
            axes.set_yticks([], [])
            if column == LEVELS + 1 - len(pictures):
                axes.set_ylabel(name)
            if row == 0:
                axes.set_title(titles[column])
    figure.savefig(out, dpi=90)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(path) for path in sys.argv[2:]])
