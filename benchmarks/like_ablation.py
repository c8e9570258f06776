r"""What each part of `simulate --like` is worth: simulations fitted to images by ever more of it, one file each.

python benchmarks/like_ablation.py OUT STRUCTURE IMAGE...

writes OUT/NAME.yaml for each NAME of the table in docs/results/like.md; then, for each of them,

    dfcan-bmz simulate --out NAME/set --config OUT/NAME.yaml --pairs 100 --levels 9 --size 128
    dfcan-bmz train --lr NAME/set/lr --hr NAME/set/hr --out NAME/run --config rdf/ccps-x2/config.yaml \
        --set train.minutes=0
    dfcan-bmz evaluate NAME/run --lr REAL/lr --hr REAL/hr --out NAME/evaluation
"""

import sys
from pathlib import Path

from dfcan_bmz.sets.like import fit_like
from dfcan_bmz.simulation.settings import Simulation, default_simulation, write_simulation

CAMERA = ("gain_counts", "offset_counts", "read_noise_e", "step_counts", "dimmest", "brightest")
OPTICS = ("pixel_nm", "na", "emission_nm")
TARGET = ("target", "bandwidth")
HAZE = ("haze", "haze_um", "haze_deep", "background", "pattern")
STEPS = {"camera": CAMERA, "optics": OPTICS, "target": TARGET, "haze": HAZE}
TARGETS = {
    "target-otf": {"target": "otf"},
    "target-wiener": {"target": "wiener"},
    "target-wider": {"bandwidth": 2.0},
    "target-artefacts": {"artefacts": 0.03},
}


def simulations(fitted: Simulation) -> dict[str, Simulation]:
    """Simulations by name: the defaults, then one part more each, and the whole with other targets."""
    values, found = fitted.values(), {"defaults": default_simulation(fitted.structure)}
    known: dict[str, object] = {}
    for name, names in STEPS.items():
        known |= {one: values[one] for one in names}
        found[name] = default_simulation(fitted.structure).with_values(**known)
    found["whole"] = fitted
    return found | {name: fitted.with_values(**change) for name, change in TARGETS.items()}


def main(out: Path, structure: str, paths: list[Path]) -> None:
    """Fit once, write all."""
    out.mkdir(parents=True, exist_ok=True)
    fitted = fit_like(paths, structure, {"target": "sim"}, 0).simulation
    for name, simulation in simulations(fitted).items():
        write_simulation(out / f"{name}.yaml", simulation, {}, {}, {})


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], [Path(path) for path in sys.argv[3:]])
