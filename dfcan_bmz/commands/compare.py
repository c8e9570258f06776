"""``dfcan-bmz compare``: several models and their rivals on the same pairs of images."""

from pathlib import Path

from dfcan_bmz.commands.judging import judge, print_tables, refuse_nan, write_tables
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.files import new_folder, refuse_existing
from dfcan_bmz.report.html import write_report
from dfcan_bmz.report.scores import plot_scores


def run(
    paths: list[Path],
    lr: Path,
    hr: Path,
    out: Path,
    overwrite: bool,
    deconvolution: bool | None,
    trusted: bool = False,
) -> None:
    refuse_existing([out], overwrite)
    if len(paths) < 2:
        raise DfcanError("one model cannot be compared: name at least two, or use `dfcan-bmz evaluate`")
    report = judge(paths, lr, hr, deconvolution, trusted)
    with new_folder(out, overwrite) as folder:
        write_tables(folder, report.measured)
        figure = plot_scores(
            report.measured.scores, report.summary, report.fields, list(report.predict), report.protocol
        )
        figure.savefig(folder / "comparison.png", dpi=120)
        write_report(folder / "report.html", report)
    print_tables(report)
    print(f"{out}: metrics.csv, images.csv, comparison.png, report.html")
    refuse_nan(report.measured, out)
