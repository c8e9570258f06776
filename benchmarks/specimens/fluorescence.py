"""Simulate what `fluorescence-x2` learns from: five structures, each through microscopes that are drawn at random.

    python benchmarks/specimens/fluorescence.py OUT [--microscopes 24] [--fields 3] [--seed 0] [--workers 2]

Each structure has microscopes of its own: optics, light, haze, background, labelling and specimen are drawn from the
ranges below, which are wider than what one laboratory has. OUT has lr/, hr/ and a manifest then; OUT-sets has the sets
of the single microscopes, each with the simulation.yaml that made it. The seed of a microscope is that of nothing else.
"""

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))
from merge_sets import main as merge

from dfcan_bmz.simulation.structures import SPECIMENS

LEVELS, SIZE = 6, 128
FILAMENTS = ("actin", "bundles", "microtubules")


def parameters(structure: str, rng: np.random.Generator) -> dict[str, float | str]:
    """Values of one microscope and its specimens, rounded as a person would write them."""

    def between(low: float, high: float) -> float:
        return float(f"{rng.uniform(low, high):.3g}")

    def sometimes(low: float, high: float, chance: float = 0.5) -> float:
        drawn, is_there = between(low, high), rng.random() < chance
        return drawn if is_there else 0.0

    def times(value: float, most: float) -> float:
        return float(f"{value * most ** rng.uniform(-1, 1):.3g}")

    usual = SPECIMENS[structure]
    values: dict[str, float | str] = {
        "na": between(1.0, 1.49),
        "emission_nm": between(500, 650),
        "pixel_nm": between(55, 85),
        "bandwidth": 1.8,
        "target": "wiener",
        "dimmest": times(15, 1.5),
        "brightest": times(3000, 1.5),
        "read_noise_e": between(1.0, 3.0),
        "haze": sometimes(0.2, 3.0, chance=0.85),
        "haze_um": between(0.35, 0.8),
        "haze_deep": between(0.0, 0.4),
        "background": times(0.05, 4),
        "pattern": sometimes(0.1, 0.4),
        "labelling": times(0.6, 1.6),
        "per_um2": times(usual.per_um2, 2),
        "density_spread": 0.5,
        "thickness_um": between(0.0, 0.03),
        "variety": between(0.0, 0.6),
        "unevenness": sometimes(0.1, 0.5),
        "spots_per_um2": sometimes(0.01, 0.08),
        "spot_labels": between(80, 250),
        "vesicles_per_um2": sometimes(0.01, 0.05, chance=0.25),
        "gradient": sometimes(0.3, 2.0),
    }
    if structure in FILAMENTS:
        values |= {"persistence_um": times(usual.persistence_um, 2), "alignment": sometimes(0.1, 0.6)}
    if structure == "er":
        values |= {"sheets": between(0.0, 0.25), "tube_um": between(0.03, 0.06), "tube_spread": between(0.0, 0.3)}
        values |= {"tube_bend": between(0.0, 0.12)}
    return values


def simulate(folder: Path, structure: str, fields: int, seed: int) -> Path:
    """One microscope's set."""
    config = folder.with_suffix(".yaml")
    drawn = parameters(structure, np.random.default_rng(seed))
    config.write_text(yaml.safe_dump({"structure": structure, "parameters": drawn}, sort_keys=False), encoding="utf-8")
    command = [sys.executable, "-m", "dfcan_bmz", "simulate", "--out", folder, "--config", config, "--quiet"]
    sizes = {"--pairs": fields, "--levels": LEVELS, "--size": SIZE, "--seed": seed}
    subprocess.run([*command, *(str(part) for pair in sizes.items() for part in pair)], check=True)
    return folder


def main(out: Path, microscopes: int, fields: int, seed: int, workers: int) -> None:
    """Simulate and merge."""
    sets = out.with_name(f"{out.name}-sets")
    sets.mkdir(parents=True)
    jobs = [
        (sets / f"{structure}{number:02d}", structure, fields, 1000 * (seed + 1) + 100 * place + number)
        for place, structure in enumerate(SPECIMENS)
        for number in range(microscopes)
    ]
    with ThreadPoolExecutor(workers) as pool:
        folders = list(pool.map(lambda job: simulate(*job), jobs))
    merge(out, folders, same_fields=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--microscopes", type=int, default=24, help="of each structure")
    parser.add_argument("--fields", type=int, default=3, help="seen through each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    main(options.out, options.microscopes, options.fields, options.seed, options.workers)
