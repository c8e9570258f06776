"""What an evaluation found, as a table and sentences for a terminal."""

from rich.markup import escape
from rich.table import Table

from dfcan_bmz.evaluation.evaluate import METRICS, Report
from dfcan_bmz.evaluation.statistics import Comparison

PRINTED = ("psnr", "ssim", "ms_ssim", "nrmse", "pearson")


def evaluation_table(report: Report) -> Table:
    """The means of the most telling metrics, by protocol and method."""
    some = next(iter(report.summary.values()))
    title = f"mean over n = {len(report.fields)} images of {some.fields} fields of view"
    table = Table("protocol", "method", *(METRICS[metric] for metric in PRINTED), title=title)
    rows = dict.fromkeys((protocol, method) for protocol, method, metric in report.summary if metric in PRINTED)
    for protocol, method in sorted(rows, key=lambda row: row[0] != report.protocol):
        values = [f"{report.summary[protocol, method, metric].mean:.4g}" for metric in PRINTED]
        table.add_row(protocol, escape(method), *values, style="bold" if method in report.models else None)
    return table


def comparison_lines(report: Report) -> list[str]:
    """A sentence for each difference from a baseline, by the protocol by which images are ranked."""
    return [
        _sentence(row)
        for row in report.comparisons
        if row.protocol == report.protocol and row.metric in ("psnr", "ssim")
    ]


def _sentence(row: Comparison) -> str:
    difference, better, p = row.result
    unit = " dB" if row.metric == "psnr" else ""
    margin = "" if difference.low is None else f" [{difference.low:+.3g}, {difference.high:+.3g}]"
    untested = "too few fields for a test" if difference.low is None else "no test, as a value is NaN"
    chance = untested if p is None else f"p = {p:.2g}"
    name = METRICS[row.metric].removesuffix(" (dB)")
    return (
        f"{row.model} against {row.baseline}: {name} {difference.mean:+.3g}{unit}{margin} ({row.protocol}), "
        f"larger in {better} of {difference.fields} fields, {chance}"
    )
