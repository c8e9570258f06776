"""What the trainings of a sweep came to: a table and a figure."""

from pathlib import Path
from typing import Any

from dfcan_bmz import run_folder, staging
from dfcan_bmz.config import Config
from dfcan_bmz.evaluation.means import read_means
from dfcan_bmz.files import write_table
from dfcan_bmz.report.sweep import markdown, plot_sweep
from dfcan_bmz.training.sweep import Run, Sweep

METRICS = ("psnr", "ssim", "ms_ssim")
PROTOCOL = "min-max"  # that of the DFCAN authors' scripts


def table(out: Path, sweep: Sweep, settings: dict[str, Config], failures: dict[str, str]) -> list[dict[str, Any]]:
    """A row for each run: its settings, its best epoch, its scores, and what somebody else measured."""
    return [_row(out / run.name, sweep, run, settings[run.name], failures) for run in sweep.all_runs()]


def _row(folder: Path, sweep: Sweep, run: Run, settings: Config, failures: dict[str, str]) -> dict[str, Any]:
    history = run_folder.read_history(folder)
    record = run_folder.read_provenance(folder) if history else {}
    row: dict[str, Any] = {"run": run.name}
    values = settings.flat()
    row |= {key: values[key] for key in sweep.varied()}
    row |= {"parameters": record.get("parameters", "")}
    row |= {"epochs": len(history), "best epoch": "", "val_loss": "", "val_psnr": ""}
    if history:
        best = run_folder.best_row(history)
        row |= {"best epoch": best["epoch"], "val_loss": best["val_loss"], "val_psnr": best["val_psnr"]}
    scores = _test_scores(folder)
    row |= {metric: scores.get(metric, "") for metric in METRICS}
    row |= {"minutes": sum(epoch["seconds"] for epoch in history) / 60}
    row |= {f"reference {key}": run.reference.get(key, "") for key in _references(sweep)}
    noted = record.get("restart")
    row["notes"] = failures.get(run.name, f"restarted in epoch {noted['epoch']}" if noted else "")
    return row


def _references(sweep: Sweep) -> list[str]:
    return list(dict.fromkeys(key for run in sweep.all_runs() for key in run.reference))


def _test_scores(run: Path) -> dict[str, float]:
    """Means over the test fields of the model's scores."""
    if not (run / "test/metrics.csv").is_file():
        return {}
    means = read_means(run / "test").values
    _, model, _ = list(means)[-1]
    return {metric: means[PROTOCOL, model, metric] for metric in METRICS if (PROTOCOL, model, metric) in means}


def write_summary(work: staging.Work, out: Path, rows: list[dict[str, Any]]) -> None:
    """Write ``summary.csv``, ``summary.md`` and ``summary.png`` of the rows of a table."""
    histories = {row["run"]: run_folder.read_history(out / row["run"]) for row in rows if row["epochs"]}
    score, what = ("psnr", f"PSNR on the test images, {PROTOCOL} (dB)")
    if not any(row["psnr"] for row in rows):
        score, what = ("val_psnr", "best PSNR on the validation patches (dB)")
    staging.discard(work)
    folder = work.new
    folder.mkdir(exist_ok=True)
    write_table(folder / "summary.csv", list(rows[0]), ([row[column] for column in rows[0]] for row in rows))
    (folder / "summary.md").write_text(markdown(rows), encoding="utf-8")
    scores = {row["run"]: row[score] for row in rows if row[score] != ""}
    plot_sweep(histories, scores, what).savefig(folder / "summary.png", dpi=110)
    staging.place(work)
