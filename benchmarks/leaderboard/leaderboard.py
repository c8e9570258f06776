"""Measure any model on the test sets of ``sets.yaml``; ``results.csv`` and the table of ``README.md`` get its rows.

python benchmarks/leaderboard/leaderboard.py [--sets NAME,...] [--work FOLDER] [MODEL...]

MODEL is a run folder, a bundle, a published name, an id of the BioImage Model Zoo, or a file of `peers.py`. Bundles by
others run in bioimageio.core; a model whose output has the size of its input is followed by bicubic interpolation. What
``results.csv`` has already is not measured again; the baselines are measured first, with settings chosen on the test
images, in their favour. Networks of PyTorch run on an NVIDIA card if there is one.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from others import SCALE, Enlarge, of_peer, through_core
from results import Row, read_results, table_of, write_results
from sets import NAMES, make

import dfcan_bmz
from dfcan_bmz import interpolation, metrics
from dfcan_bmz.bundle_file.named import find_model
from dfcan_bmz.data.pairs import find_pairs
from dfcan_bmz.data.records import read_manifest
from dfcan_bmz.deconvolution import deconvolve
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.evaluation.baselines import choose_baselines
from dfcan_bmz.evaluation.measure import EvaluatedPlane, planes_of
from dfcan_bmz.evaluation.score import BICUBIC, DECONVOLVED, SMOOTHED
from dfcan_bmz.model import open_model

TARGET = "own"  # of intensities nothing is assumed: gain and offset are fitted


def planes_in(folder: Path) -> Iterator[EvaluatedPlane]:
    """Planes of a set."""
    pairs = {pair: [0] for pair in find_pairs(folder / "lr", folder / "hr")}
    levels = {name: row.get("level") or "" for name, row in (read_manifest(folder / "lr") or {}).items()}
    return planes_of(pairs, SCALE, TARGET, levels)


def baselines(planes: Callable[[], Iterable[EvaluatedPlane]]) -> dict[str, Enlarge]:
    """Methods without learning, tuned on the set."""
    chosen, _ = choose_baselines(planes, sum(1 for _ in planes()), SCALE, TARGET, None, True)
    assert chosen.deconvolution
    settings = chosen.deconvolution
    return {
        BICUBIC: lambda lr: interpolation.bicubic(lr, SCALE),
        SMOOTHED: lambda lr: interpolation.smoothed_bicubic(lr, SCALE, chosen.smoothing_px),
        DECONVOLVED: lambda lr: deconvolve(lr, SCALE, settings),
    }


def network(given: str) -> Enlarge:
    """A model as what enlarges a plane."""
    if Path(given).suffix == ".pt":
        return of_peer(Path(given))
    path = find_model(Path(given))
    try:
        open_model(path)
    except DfcanError:
        return through_core(path)
    return lambda lr: dfcan_bmz.predict(path, lr)


def measured(name: str, method: str, enlarge: Enlarge, planes: Iterable[EvaluatedPlane]) -> Row:
    """Mean PSNR and SSIM of a method over the fields of a set."""
    values: dict[str, list[tuple[float, float]]] = {}
    for plane in planes:
        truth, fitted = metrics.affine(plane.hr, enlarge(plane.lr))
        values.setdefault(plane.field, []).append((metrics.psnr(truth, fitted), metrics.ssim(truth, fitted, 1.0)))
    psnr, ssim = np.mean([np.mean(field, axis=0) for field in values.values()], axis=0)
    images = sum(map(len, values.values()))
    return Row(name, method, f"{psnr:.2f}", f"{ssim:.3f}", str(images), str(len(values)))


def main(models: list[str], names: list[str], work: Path) -> None:
    """Measure what is missing, and print all."""
    rows = read_results()
    networks = {Path(model).name.removesuffix(".zip").removesuffix(".pt"): network(model) for model in models}
    for name in names:
        folder = make(name, work)
        known = {row.method for row in rows if row.set == name}

        def planes(folder: Path = folder) -> Iterator[EvaluatedPlane]:
            return planes_in(folder)

        missing: dict[str, Enlarge] = {} if BICUBIC in known else baselines(planes)
        missing |= {method: enlarge for method, enlarge in networks.items() if method not in known}
        for method, enlarge in missing.items():
            rows.append(measured(name, method, enlarge, planes()))
            write_results(rows)
    print(table_of(read_results()), end="")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="*")
    parser.add_argument("--sets", default=",".join(NAMES))
    parser.add_argument("--work", type=Path, default=Path("leaderboard-sets"))
    asked = parser.parse_args()
    try:
        main(asked.models, asked.sets.split(","), asked.work)
    except DfcanError as error:
        sys.exit(f"error: {error}")
