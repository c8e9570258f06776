"""The run folder: the only hand-off between training and everything after it.

::

    RUN/
      config.yaml       resolved configuration
      model.keras       weights of the best validation loss
      last.keras        weights of the last epoch
      state/            all that resuming needs
      history.csv       a row an epoch
      validation/       pictures of validation patches (LR, prediction, HR), one for each epoch that improved
      tensorboard/      with train.tensorboard: the history for TensorBoard
      provenance.json   versions, hardware, checksums of the training files, what validation chose
      sample_lr.tif     a crop of a validation image and its target, from which a bundle
      sample_hr.tif       takes its test tensor, sample and cover
      evaluation/       NAME/ for each ``dfcan-bmz evaluate --out RUN/evaluation/NAME``: what a bundle's card shows
      other_scales/     with data.other_scales: a run folder for each of them, as x3/, of the same weights
"""

import csv
import json
from pathlib import Path
from statistics import median
from typing import Any

from dfcan_bmz.config import Config
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.files import write_table
from dfcan_bmz.staging import replacing
from dfcan_bmz.yaml_files import read_as, write_yaml

HISTORY_COLUMNS = ("epoch", "loss", "val_loss", "mse", "val_mse", "psnr", "val_psnr", "lr", "seconds")
WEIGHTS, EVALUATION, UNCERTAINTY = "model.keras", "evaluation", "uncertainty.csv"
ENTRIES = (
    "config.yaml",
    WEIGHTS,
    "last.keras",
    "state",
    "history.csv",
    "validation",
    "tensorboard",
    "provenance.json",
    "sample_lr.tif",
    "sample_hr.tif",
    EVALUATION,
    "other_scales",
)

Row = dict[str, float]


def refuse_other_folders(run: Path) -> None:
    """Raise DfcanError if no training began in `run`."""
    if not (run / "config.yaml").is_file():
        raise DfcanError(f"{run} is not a run folder (no config.yaml): give the --out of a `dfcan-bmz train`")


def weights(run: Path) -> Path:
    """Path of the best weights.

    Raises
    ------
    DfcanError
        If `run` is no run folder, or no weights have been saved yet.
    """
    refuse_other_folders(run)
    path = run / WEIGHTS
    if not path.is_file():
        raise DfcanError(f"{run} has no weights (model.keras): finish the training with `dfcan-bmz train --resume`")
    return path


def evaluations(run: Path) -> list[Path]:
    """Folders of what `dfcan-bmz evaluate` wrote into a run folder, in order of their names."""
    # hidden ones belong to others: an evaluation that was killed, Jupyter
    return sorted(path for path in (run / EVALUATION).glob("[!.]*") if path.is_dir())


def error_bar(run: Path) -> float | None:
    """What the disagreement between orientations is multiplied by to be an error bar that holds 68 % of the errors.

    It is the factor of the evaluation whose images need the largest, in each the median of its images; None where no
    evaluation in the run folder mapped the uncertainty.

    Raises
    ------
    DfcanError
        If a table of an evaluation is damaged.
    """
    found = []
    for file in uncertainties(run):
        try:
            with file.open(newline="", encoding="utf-8") as lines:
                found.append(median(float(row["factor"]) for row in csv.DictReader(lines)))
        except (KeyError, TypeError, ValueError) as error:
            raise DfcanError(f"{file} is damaged: evaluate the model again, or delete {file.parent}") from error
    return max(found, default=None)


def uncertainties(run: Path) -> list[Path]:
    """Tables of the uncertainty that `dfcan-bmz evaluate` wrote into a run folder."""
    return [file for folder in evaluations(run) if (file := folder / UNCERTAINTY).is_file()]


def read_config(run: Path) -> Config:
    """Resolved configuration of a run."""
    return read_as(Config, run / "config.yaml")


def write_config(run: Path, config: Config) -> None:
    """Write ``config.yaml``."""
    write_yaml(run / "config.yaml", config.model_dump(mode="json"))


def read_history(run: Path) -> list[Row]:
    """Rows of ``history.csv``, oldest first; empty where there is none."""
    file = run / "history.csv"
    if not file.is_file():
        return []
    with file.open(newline="", encoding="utf-8") as lines:
        return [
            {column: int(value) if column == "epoch" else float(value) for column, value in row.items()}
            for row in csv.DictReader(lines)
        ]


def write_history(run: Path, history: list[Row]) -> None:
    """Write all rows at once, atomically: a kill leaves the old file or the new one."""
    with replacing(run / "history.csv") as file:
        write_table(file, HISTORY_COLUMNS, ([row[column] for column in HISTORY_COLUMNS] for row in history))


def best_row(history: list[Row]) -> Row:
    """The row of the lowest validation loss; the earliest of equals."""
    return min(history, key=lambda row: row["val_loss"])


def read_provenance(run: Path) -> dict[str, Any]:
    """Content of ``provenance.json``."""
    file = run / "provenance.json"
    if not file.is_file():
        raise DfcanError(f"{run} has no provenance.json: train again, its records are lost")
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DfcanError(f"{file} is damaged ({error}): train again, its records are lost") from error


def write_provenance(run: Path, provenance: dict[str, Any]) -> None:
    """Write ``provenance.json`` atomically."""
    with replacing(run / "provenance.json") as file:
        file.write_text(json.dumps(provenance, indent=2, sort_keys=True) + "\n", encoding="utf-8")
