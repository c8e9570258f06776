"""The trainings of a sweep, one after the other: what is done is left alone, what was stopped goes on."""

import json
from pathlib import Path

import keras

from dfcan_bmz import files, run_folder, staging
from dfcan_bmz.config import Config
from dfcan_bmz.data.pairs import find_pairs
from dfcan_bmz.data.records import data_layer
from dfcan_bmz.errors import DfcanError, StoppedError
from dfcan_bmz.events import SILENT, Events
from dfcan_bmz.report.files import evaluate
from dfcan_bmz.training.fit import finished
from dfcan_bmz.training.run import train
from dfcan_bmz.training.settings import merged, resolve
from dfcan_bmz.training.sweep import Run, Sweep
from dfcan_bmz.training.sweep_table import table, write_summary
from dfcan_bmz.yaml_files import write_yaml

FAILURES = "failures.json"  # why runs did not start or ended before their time: they are not tried again
WANTED = "wanted.yaml"  # in a run folder: the settings of a training that is not over

Folders = tuple[Path, Path]  # of LR and of HR images


def settings_of(sweep: Sweep, run: Run, lr: Path, config: Path | None, overrides: list[str]) -> Config:
    """Settings of one run of a sweep: the data's, the sweep's, the config file's, its own, the command line's."""
    own = [f"{key}={json.dumps(value)}" for key, value in run.set.items()]
    return resolve(merged([data_layer(lr), sweep.base]), config, [*own, *overrides])


def train_all(
    sweep: Sweep,
    settings: dict[str, Config],
    pairs: Folders,
    test: Folders | None,
    out: Path,
    events: Events = SILENT,
) -> tuple[list[dict[str, object]], dict[str, str]]:
    """Train and test what is not done yet, and write a table and a figure after each run.

    Parameters
    ----------
    sweep : Sweep
        Its runs.
    settings : dict of str to Config
        Of every run, by its name.
    pairs, test : tuple of pathlib.Path
        Folders of LR and HR images to train on, and to evaluate every run on, if any.
    out : pathlib.Path
        Folder of the run folders, and of ``summary.csv``, ``summary.md`` and ``summary.png``.
    events : Events
        Hears of the trainings.

    Returns
    -------
    rows : list of dict
        Those of the table.
    failures : dict of str to str
        Why runs failed, by name.

    Raises
    ------
    DfcanError
        If a run of that name has other settings, or the folders hold no pairs.
    """
    for name, wanted in settings.items():
        if (out / name / "config.yaml").is_file() and run_folder.read_config(out / name) != wanted:
            raise DfcanError(f"{out / name} was trained with other settings: choose another --out, or remove it")
    for folders in filter(None, (pairs, test)):
        find_pairs(*folders)  # what would stop every run is told before any is trained
    with staging.working(out, "sweep", overwrite=True, fill=True) as work:
        failures = json.loads((out / FAILURES).read_text()) if (out / FAILURES).is_file() else {}
        for name, wanted in settings.items():
            events.tell(f"== {name}")
            if name not in failures and (failure := _failure(out / name, wanted, pairs, events)):
                failures[name] = failure
                with staging.replacing(out / FAILURES) as place:
                    place.write_text(json.dumps(failures, indent=2) + "\n", encoding="utf-8")
            if test and (out / name / "model.keras").is_file() and not (out / name / "test/metrics.csv").is_file():
                evaluate(out / name, *test, out / name / "test", overwrite=True, events=events)
            rows = table(out, sweep, settings, failures)
            write_summary(work, out, rows)
    return rows, failures


def _failure(out: Path, wanted: Config, pairs: Folders, events: Events) -> str:
    """Train, and tell why that failed, if it did."""
    try:
        _train(out, wanted, pairs, events)
    except StoppedError:
        raise
    except DfcanError as error:
        events.tell(f"{out.name}: {error}")
        return str(error)
    finally:
        keras.backend.clear_session()  # the next network starts with the memory of this one
    return ""


def _train(out: Path, wanted: Config, pairs: Folders, events: Events) -> None:
    """Train, or go on where an earlier call was stopped."""
    resume = (out / "provenance.json").is_file()
    if resume and _is_over(out, wanted):
        if (out / WANTED).is_file():  # a kill came at its end
            with staging.working(out, "train", overwrite=True, fill=True):
                (out / WANTED).unlink()
        return
    files.remove(out / "test")  # measured with the weights that now change
    write_yaml(out / WANTED, wanted.model_dump(mode="json"))
    train(*pairs, out / WANTED, out, resume=resume, overwrite=True, events=events)
    (out / WANTED).unlink()


def _is_over(out: Path, wanted: Config) -> bool:
    history = run_folder.read_history(out)
    used_up = wanted.train.minutes and history and not (out / WANTED).is_file()
    return bool(used_up) or finished(wanted, history)
