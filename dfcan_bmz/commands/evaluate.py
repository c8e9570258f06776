"""``dfcan-bmz evaluate``: a model against its rivals on pairs of images."""

from pathlib import Path

from dfcan_bmz.commands.judging import judge, print_tables, refuse_nan, write_tables
from dfcan_bmz.files import new_folder, refuse_existing
from dfcan_bmz.report.html import write_report
from dfcan_bmz.report.panels import write_example


def run(model: Path, lr: Path, hr: Path, out: Path, overwrite: bool, deconvolution: bool | None = None) -> None:
    refuse_existing([out], overwrite)
    report = judge([model], lr, hr, deconvolution)
    with new_folder(out, overwrite) as folder:
        write_tables(folder, report.measured)
        worst = report.measured.worst[0]
        write_example(folder / "worst.png", worst.plane.lr, worst.plane.hr, worst.predicted)
        write_report(folder / "report.html", report)
    print_tables(report)
    print(f"{out}: metrics.csv, images.csv, worst.png, report.html")
    refuse_nan(report.measured, out)
