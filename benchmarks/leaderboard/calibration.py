"""Is the disagreement of eight orientations an error bar? The published models on images of their own kind.

    python benchmarks/leaderboard/calibration.py [--every 4] [--work FOLDER] [MODEL:SET ...]

Counts the pixels whose error is at most the stated spread, which 68 % of normally distributed errors would be, and the
factor by which the spread would have to be multiplied for that. "Structure" is what is brighter in the target than nine
tenths of it. Errors are those of the mean prediction, after a least-squares fit of gain and offset; the spread is
multiplied by the same gain. Prints a row for each model and set, and puts it into ``calibration.csv``.

SET is one of the leaderboard, or one of `OWN`: simulated as the test images of a model whose simulation is not the
leaderboard's, four of the ten fields.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from leaderboard import chosen_of, some_planes_in
from results import known_rows, write_rows
from sets import HERE, make, run

import dfcan_bmz
from dfcan_bmz.evaluation.coverage import Coverage, Multiples, coverage, in_spreads
from dfcan_bmz.evaluation.measure import EvaluatedPlane
from dfcan_bmz.evaluation.trust import disagreement
from dfcan_bmz.model import Model
from dfcan_bmz.prediction.tiles import predict_plane

RESULTS = HERE / "calibration.csv"
OWN = {
    "actin-own": "--structure actin --pairs 4 --levels 9 --size 128 --haze 1",
    "microtubules-own": "--structure microtubules --pairs 4 --size 128 --scale 2 --levels 9 --haze 2 --pixel-nm 60 "
    "--na 1.2 --emission-nm 630 --bandwidth 1.75 --target wiener --dimmest 15 --brightest 4500",
}
CHOSEN = [
    "actin-x2:actin-own",
    "microtubules-x2:microtubules-own",
    "microtubules-x2:real",
    "er-x2:er",
    "ccps-x2:ccps",
    "fluorescence-x2:real",
]


class Row(NamedTuple):
    """Shares of pixels within one and two spreads, and the factor that brings 68 % within one."""

    model: str
    set: str
    images: int
    within_1: str
    within_2: str
    factor: str
    structure_within_1: str
    structure_within_2: str
    structure_factor: str


def multiples_of(model: Model, plane: EvaluatedPlane) -> Multiples:
    """Errors of a whole plane in units of the disagreement."""
    return in_spreads(plane.hr, disagreement(lambda turned: predict_plane(model, turned), plane.lr))


def cells(found: Coverage) -> list[str]:
    """Shares within one and two spreads, and the factor."""
    return [f"{found.within:.2f}", f"{found.within_twice:.2f}", f"{found.factor:.1f}"]


def calibrated(name: str, model: str, planes: Iterable[EvaluatedPlane]) -> Row:
    """Count the pixels of all planes of a set."""
    opened = dfcan_bmz.open_model(model)
    found = [multiples_of(opened, plane) for plane in planes]
    return Row(model, name, len(found), *cells(coverage(found)), *cells(coverage(found, structure=True)))


def folder_of(name: str, work: Path) -> Path:
    """Folder of a set, made if it is not there."""
    if name not in OWN:
        return make(name, work)
    out = work / name
    if not out.is_dir():
        run("simulate", *OWN[name].split(), "--seed", 1, "--out", out)
    return out


def main(chosen: list[str], every: int, work: Path) -> None:
    """Print a row for each model and set, and write it among what was measured before."""
    rows = {row[:2]: row for row in known_rows(RESULTS, Row)}
    print("| model | set | images | all pixels: 1, 2 spreads, factor | structure: the same |\n|---|---|---|---|---|")
    for model, name in (one.split(":") for one in chosen):
        row = calibrated(name, model, some_planes_in(name, folder_of(name, work), every))
        rows[row[:2]] = row
        write_rows(RESULTS, Row._fields, rows.values())
        print(f"| `{model}` | {name} | {row.images} | {', '.join(row[3:6])} | {', '.join(row[6:])} |", flush=True)


if __name__ == "__main__":
    main(**chosen_of(__doc__, CHOSEN, "leaderboard-sets"))
