"""``dfcan-bmz sweep``: a run folder for each of several settings, a table and a figure."""

import csv
import json
from pathlib import Path
from typing import Any

import keras

from dfcan_bmz import config as configuration
from dfcan_bmz import files, run_folder, staging
from dfcan_bmz.commands import evaluate, train
from dfcan_bmz.config import Config
from dfcan_bmz.data.pairs import data_layer, find_pairs
from dfcan_bmz.errors import DfcanError, StoppedError, UnfinishedError
from dfcan_bmz.evaluation.means import read_means
from dfcan_bmz.report.sweep import markdown, plot_sweep
from dfcan_bmz.training.fit import finished
from dfcan_bmz.training.settings import resolve
from dfcan_bmz.training.sweep import Run, Sweep, read_sweep

FAILURES = "failures.json"  # why runs did not start or ended before their time: they are not tried again
WANTED = "wanted.yaml"  # in a run folder: the settings of a training that is not over
METRICS = ("psnr", "ssim", "ms_ssim")
PROTOCOL = "min-max"  # that of the DFCAN authors' scripts


def run(
    file: Path,
    lr: Path,
    hr: Path,
    out: Path,
    test: tuple[Path, Path] | None,
    config: Path | None,
    overrides: list[str],
) -> None:
    sweep = read_sweep(file)
    settings = {run.name: settings_of(sweep, run, lr, config, overrides) for run in sweep.all_runs()}
    for name, wanted in settings.items():
        if (out / name / "config.yaml").is_file() and run_folder.read_config(out / name) != wanted:
            raise DfcanError(f"{out / name} was trained with other settings: choose another --out, or remove it")
    for folders in [(lr, hr), test] if test else [(lr, hr)]:
        find_pairs(*folders)  # what would stop every run is told before any is trained
    with staging.working(out, "sweep", overwrite=True, fill=True) as work:
        failures = _train_all(work, sweep, settings, lr, hr, out, test)
    print(f"{out}: summary.csv, summary.md, summary.png")
    if failures:
        raise UnfinishedError(
            f"{', '.join(failures)} did not end well: {out / FAILURES} says why; remove it to try again"
        )


def _train_all(
    work: staging.Work,
    sweep: Sweep,
    settings: dict[str, Config],
    lr: Path,
    hr: Path,
    out: Path,
    test: tuple[Path, Path] | None,
) -> dict[str, str]:
    """Train and test what is not done yet; why runs failed, by name."""
    failures = json.loads((out / FAILURES).read_text()) if (out / FAILURES).is_file() else {}
    for name, wanted in settings.items():
        print(f"== {name}", flush=True)
        if name not in failures:
            try:
                _train(out / name, wanted, lr, hr)
            except StoppedError:
                raise
            except DfcanError as error:
                print(f"{name}: {error}", flush=True)
                failures[name] = str(error)
                with staging.replacing(out / FAILURES) as place:
                    place.write_text(json.dumps(failures, indent=2) + "\n", encoding="utf-8")
            keras.backend.clear_session()  # the next network starts with the memory of this one
        if test and (out / name / "model.keras").is_file() and not (out / name / "test/metrics.csv").is_file():
            evaluate.run(out / name, *test, out / name / "test", overwrite=True)
        rows = _summarise(work, out, sweep, settings, failures)
    print(markdown(rows))
    return failures


def settings_of(sweep: Sweep, run: Run, lr: Path, config: Path | None, overrides: list[str]) -> Config:
    """Settings of one run of a sweep: the data's, the sweep's, the config file's, its own, the command line's."""
    own = [f"{key}={json.dumps(value)}" for key, value in run.set.items()]
    layer = data_layer(lr)
    for section, keys in sweep.base.items():
        layer[section] = layer.get(section, {}) | keys
    return resolve(layer, config, [*own, *overrides])


def _train(out: Path, wanted: Config, lr: Path, hr: Path) -> None:
    """Train, or go on where an earlier call was stopped."""
    resume = (out / "provenance.json").is_file()
    if resume and _is_over(out, wanted):
        if (out / WANTED).is_file():  # a kill came at its end
            with staging.working(out, "train", overwrite=True, fill=True):
                (out / WANTED).unlink()
        return
    files.remove(out / "test")  # measured with the weights that now change
    configuration.write_yaml(out / WANTED, wanted.model_dump(mode="json"))
    train.run(lr, hr, out, out / WANTED, [], resume=resume, overwrite=True)
    (out / WANTED).unlink()


def _is_over(out: Path, wanted: Config) -> bool:
    history = run_folder.read_history(out)
    used_up = wanted.train.minutes and history and not (out / WANTED).is_file()
    return bool(used_up) or finished(wanted, history)


def _table(out: Path, sweep: Sweep, settings: dict[str, Config], failures: dict[str, str]) -> list[dict[str, Any]]:
    rows = []
    for run in sweep.all_runs():
        history = run_folder.read_history(out / run.name)
        row: dict[str, Any] = {"run": run.name}
        row |= {key: _value(settings[run.name], key) for key in sweep.varied()}
        record = run_folder.read_provenance(out / run.name) if history else {}
        row |= {"parameters": record.get("parameters", "")}
        row |= {"epochs": len(history), "best epoch": "", "val_loss": "", "val_psnr": ""}
        if history:
            best = run_folder.best_row(history)
            row |= {"best epoch": best["epoch"], "val_loss": best["val_loss"], "val_psnr": best["val_psnr"]}
        scores = _test_scores(out / run.name)
        row |= {metric: scores.get(metric, "") for metric in METRICS}
        row |= {"minutes": sum(epoch["seconds"] for epoch in history) / 60}
        row |= {f"reference {key}": run.reference.get(key, "") for key in _references(sweep)}
        noted = record.get("restart")
        row["notes"] = failures.get(run.name, f"restarted in epoch {noted['epoch']}" if noted else "")
        rows.append(row)
    return rows


def _value(config: Config, key: str) -> Any:
    section, _, name = key.partition(".")
    return getattr(getattr(config, section), name)


def _references(sweep: Sweep) -> list[str]:
    return list(dict.fromkeys(key for run in sweep.all_runs() for key in run.reference))


def _test_scores(run: Path) -> dict[str, float]:
    """Means over the test fields of the model's scores."""
    if not (run / "test/metrics.csv").is_file():
        return {}
    means = read_means(run / "test").values
    _, model, _ = list(means)[-1]
    return {metric: means[PROTOCOL, model, metric] for metric in METRICS if (PROTOCOL, model, metric) in means}


def _summarise(
    work: staging.Work, out: Path, sweep: Sweep, settings: dict[str, Config], failures: dict[str, str]
) -> list[dict[str, Any]]:
    """Write the table and the figure of what is done so far; the table's rows."""
    rows = _table(out, sweep, settings, failures)
    histories = {row["run"]: run_folder.read_history(out / row["run"]) for row in rows if row["epochs"]}
    score, what = ("psnr", f"PSNR on the test images, {PROTOCOL} (dB)")
    if not any(row["psnr"] for row in rows):
        score, what = ("val_psnr", "best PSNR on the validation patches (dB)")
    staging.discard(work)
    folder = work.new
    folder.mkdir(exist_ok=True)
    with (folder / "summary.csv").open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (folder / "summary.md").write_text(markdown(rows), encoding="utf-8")
    scores = {row["run"]: row[score] for row in rows if row[score] != ""}
    plot_sweep(histories, scores, what).savefig(folder / "summary.png", dpi=110)
    staging.place(work)
    return rows
