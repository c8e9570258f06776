"""``dfcan-bmz compare``: several models and their rivals on the same pairs of images."""

from pathlib import Path

from dfcan_bmz.commands.judging import judge, print_tables, print_verdicts, refuse_nan, write_tables
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.report.html import write_report
from dfcan_bmz.report.scores import plot_scores
from dfcan_bmz.staging import filling


def run(
    paths: list[Path],
    lr: Path,
    hr: Path,
    out: Path,
    overwrite: bool,
    deconvolution: bool | None,
    trusted: bool = False,
) -> None:
    if len(paths) < 2:
        raise DfcanError("one model cannot be compared: name at least two, or use `dfcan-bmz evaluate`")
    with filling(out, "compare", overwrite) as folder:
        report = judge(paths, lr, hr, deconvolution, trusted)
        write_tables(folder, report.measured)
        figure = plot_scores(
            report.measured.scores, report.summary, report.fields, list(report.predict), report.protocol
        )
        figure.savefig(folder / "comparison.png", dpi=120)
        write_report(folder / "report.html", report)
    print_tables(report)
    print(f"{out}: metrics.csv, images.csv, comparison.png, report.html")
    print_verdicts(report)
    refuse_nan(report.measured, out)
