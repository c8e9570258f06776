"""``dfcan-bmz record``: what was done in a training, and how well it went, as one page."""

from pathlib import Path

import numpy as np

from dfcan_bmz import images, run_folder, staging
from dfcan_bmz.bundle_file.named import find_model
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.evaluation.means import Means, read_means
from dfcan_bmz.evaluation.score import BASELINES
from dfcan_bmz.report.record import write_record


def run(run_folder: Path, evaluation: Path | None, out: Path, overwrite: bool) -> None:
    found = find_model(run_folder)
    with staging.writing(out, "record", overwrite) as path:
        means = _write(path, found, evaluation)
    print(f"{out}: settings, data, versions, curves{', metrics' if means else ''}; print it from a browser for a PDF")


def _write(path: Path, run: Path, evaluation: Path | None) -> Means | None:
    config, provenance = run_folder.read_config(run), run_folder.read_provenance(run)
    history = run_folder.read_history(run)
    if not history:
        raise DfcanError(f"{run} has not finished an epoch: there is nothing to record yet")
    lr, hr = (np.asarray(images.read(run / f"sample_{side}.tif").pixels) for side in ("lr", "hr"))
    means = read_means(evaluation) if evaluation is not None else None
    if means and len(names := {method for _, method, _ in means.values}.difference(BASELINES)) != 1:
        raise DfcanError(f"{evaluation} measures {', '.join(sorted(names))}: give an evaluation of only this model")
    write_record(path, run.resolve().name, config, provenance, history, (images.mean_frame(lr), hr), means)
    return means
