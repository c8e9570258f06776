"""``dfcan-bmz evaluate``: a model against its rivals on pairs of images."""

from pathlib import Path

import numpy as np

from dfcan_bmz.commands.judging import judge, print_tables, print_verdicts, refuse_nan, write_tables
from dfcan_bmz.report.html import Report, write_report
from dfcan_bmz.report.panels import plot_example
from dfcan_bmz.report.trust import plot_doubt
from dfcan_bmz.staging import filling

SMALL_DPI = 72  # a picture of a card becomes a cover of the zoo, which takes 500 kB


def run(
    model: Path,
    lr: Path,
    hr: Path,
    out: Path,
    overwrite: bool,
    deconvolution: bool | None = None,
    trusted: bool = False,
) -> None:
    with filling(out, "evaluate", overwrite) as folder:
        report = judge([model], lr, hr, deconvolution, trusted)
        write_tables(folder, report.measured)
        _draw_worst(folder, report)
        write_report(folder / "report.html", report)
    print_tables(report)
    print(f"{out}: metrics.csv, images.csv, worst.png, doubt.png, report.html")
    print_verdicts(report)
    refuse_nan(report.measured, out)


def _draw_worst(folder: Path, report: Report) -> None:
    """Draw the image with the lowest PSNR, and where the model's prediction of it is to be doubted."""
    plane, _, predicted = report.measured.worst[0]
    plot_example(plane.lr, plane.hr, predicted, plane.hr_pixel_nm).savefig(folder / "worst.png", dpi=SMALL_DPI)
    [(name, predict)] = report.predict.items()
    if np.isfinite(predicted[name]).all():
        plot_doubt(plane, predicted[name], predict).savefig(folder / "doubt.png", dpi=SMALL_DPI)
