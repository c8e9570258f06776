"""What the mean over eight orientations gains, and what it costs, for the published models on the leaderboard's sets.

    python benchmarks/leaderboard/ensemble.py [--every 4] [--work FOLDER] [MODEL:SET ...]

Each model is measured on the images of its own kind, one in every N of them, as the leaderboard measures: mean PSNR and
SSIM over the fields of view, after a least-squares fit of gain and offset. The cost is processor time, of all cores.
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from leaderboard import chosen_of, measured, some_planes_in
from sets import make

import dfcan_bmz
from dfcan_bmz.model import Model

PUBLISHED = [
    "actin-x2:actin",
    "microtubules-x2:microtubules",
    "er-x2:er",
    "ccps-x2:ccps",
    "fluorescence-x2:actin",
    "fluorescence-x2:real",
    "microtubules-x2:real",
    "em-x2:fibsem",
]


def timed(model: Model, taken: list[float]) -> Callable[[np.ndarray], np.ndarray]:
    """A model as what enlarges a plane, which notes its processor time."""

    def enlarge(lr: np.ndarray) -> np.ndarray:
        begin = time.process_time()
        enlarged = dfcan_bmz.predict(model, lr)
        taken.append(time.process_time() - begin)
        return enlarged

    return enlarge


def main(chosen: list[str], every: int, work: Path) -> None:
    """Print a row for each model and set."""
    print("| model | set | images, fields | PSNR | SSIM | processor time |\n|---|---|---|---|---|---|", flush=True)
    for model, name in (one.split(":") for one in chosen):
        folder = make(name, work)
        seconds: dict[bool, list[float]] = {False: [], True: []}
        rows = {
            ensemble: measured(
                name,
                model,
                timed(dfcan_bmz.open_model(model, ensemble=ensemble), seconds[ensemble]),
                some_planes_in(name, folder, every),
            )
            for ensemble in (False, True)
        }
        one, mean = rows[False], rows[True]
        ratio = sum(seconds[True]) / sum(seconds[False])
        print(
            f"| `{model}` | {name} | {one.images}, {one.fields} | {one.psnr} → {mean.psnr} dB "
            f"({float(mean.psnr) - float(one.psnr):+.2f}) | {one.ssim} → {mean.ssim} | {ratio:.1f} times |",
            flush=True,
        )


if __name__ == "__main__":
    main(**chosen_of(__doc__, PUBLISHED, "leaderboard"))
