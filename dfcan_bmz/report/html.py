"""A self-contained report: what was measured, how sure it is, and what it looks like."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from dfcan_bmz.evaluation.coverage import summaries
from dfcan_bmz.evaluation.evaluate import METRICS, Report
from dfcan_bmz.evaluation.measure import Case, worst_first
from dfcan_bmz.evaluation.score import DECORRELATION, FRC, NO_PROTOCOL, values_of
from dfcan_bmz.evaluation.statistics import FEWEST_FIELDS, Interval
from dfcan_bmz.events import SILENT, Events
from dfcan_bmz.report.curves import plot_history
from dfcan_bmz.report.embed import embed
from dfcan_bmz.report.levels import plot_levels, plot_series
from dfcan_bmz.report.lines import plot_lines
from dfcan_bmz.report.maps import plot_error_maps
from dfcan_bmz.report.panels import plot_example
from dfcan_bmz.report.scores import plot_scores
from dfcan_bmz.report.trust import plot_trust
from dfcan_bmz.resolution import period
from dfcan_bmz.templates import render


def write_report(path: Path, report: Report, events: Events = SILENT) -> None:
    """Write ``report.html``, pictures embedded."""
    path.write_text(render("dfcan_bmz.report", "report.html.j2", **_content(report, events)), encoding="utf-8")


def _content(report: Report, events: Events) -> dict[str, Any]:
    scores, facts, worst, series, _ = report.measured
    methods = list(dict.fromkeys(score.method for score in scores))
    counted = [fact for fact in facts if fact.image in report.fields]
    levels = {
        "PSNR and SSIM against the light level, where it is known, and the signal-to-noise ratio": plot_levels(
            scores, counted, report.models, report.protocol
        ),
        "One field of view at its light levels, each fitted to the HR image": plot_series(series, report.models),
    }
    sections = {"summary": "Summary", "baselines": "Against the baselines", "resolution": "Resolution"}
    sections |= {"light": "By light level"} if any(levels.values()) else {}
    sections |= {"images": "Images, worst first", "table": "Every image"}
    sections |= {"training": "Training"} if report.histories else {}
    return {
        "report": report,
        "sections": [*sections.items(), ("how", "How it was computed")],
        "images": len(counted),
        "some": next(iter(report.summary.values())),
        "fewest": FEWEST_FIELDS,
        "metrics": METRICS,
        "protocols": [name for name in dict.fromkeys(score.protocol for score in scores) if name != NO_PROTOCOL],
        "methods": methods,
        "cell": _cell,
        "scores": embed(plot_scores(scores, report.summary, report.fields, report.models, report.protocol)),
        "levels": [(caption, embed(figure)) for caption, figure in levels.items() if figure],
        "cases": [
            {"name": case.plane.name, "psnr": case.psnr, "figures": list(_figures(case, report))}
            for case in events.each(worst, "drawing the report")
        ],
        "orientations": summaries(report.uncertainty.rows),
        "rows": _rows(report, methods),
        "history": [(name, embed(plot_history(rows))) for name, rows in report.histories.items()],
        **_differences(report),
        **_resolution(report, methods),
    }


def _differences(report: Report) -> dict[str, Any]:
    """Each model less each baseline, by metric."""
    differences: dict[tuple[str, str, str], dict[str, Any]] = {}
    for protocol, model, baseline, metric, result in report.comparisons:
        differences.setdefault((protocol, model, baseline), {})[metric] = result
    compared = list(dict.fromkeys(row.metric for row in report.comparisons))
    return {"differences": differences, "compared": compared}


def _resolution(report: Report, methods: list[str]) -> dict[str, Any]:
    """Finest periods, in nanometres where all pixels are equal: a mean of periods in pixels is then one in nm."""
    sizes = {report.measured.hr_pixels_nm[image] for image in report.fields}
    hr_pixel_nm = sizes.pop() if len(sizes) == 1 else None
    kinds = (FRC, DECORRELATION)
    periods = {
        (method, kind): f"{period(report.summary[NO_PROTOCOL, method, kind].mean, hr_pixel_nm):.4g}"
        for method in methods
        for kind in kinds
    }
    return {"resolutions": kinds, "unit": "nm" if hr_pixel_nm else "HR px", "periods": periods}


def _rows(report: Report, methods: list[str]) -> list[dict[str, Any]]:
    columns = [
        [values_of(report.measured.scores, method, report.protocol, metric) for metric in ("psnr", "ssim")]
        for method in methods
    ]
    rows = [
        {"facts": fact, "figures": [tuple(values[fact.image] for values in pair) for pair in columns]}
        for fact in report.measured.facts
    ]
    last = slice(len(methods) - len(report.models), None)  # the models
    return sorted(rows, key=lambda row: min(worst_first(psnr) for psnr, _ in row["figures"][last]))


def _figures(case: Case, report: Report) -> Iterator[tuple[str, str]]:
    """Caption and picture of every figure of a case."""
    plane = case.plane
    lines, (row, first, last) = plot_lines(plane.hr, case.predicted, report.models, plane.hr_pixel_nm)
    example = plot_example(plane.lr, plane.hr, case.predicted, plane.hr_pixel_nm, (row, first, last))
    yield (
        "LR image, every method and HR image; below, the framed region enlarged; the line is that of the profile",
        embed(example),
    )
    for name in report.models:
        prediction = case.predicted[name]
        if not np.isfinite(prediction).all():
            continue
        yield (
            f"SSIM and RSE maps: HR against the bicubic source, and against {name}",
            embed(plot_error_maps(plane.lr, plane.hr, prediction), 60),
        )
        if found := report.uncertainty.maps.get((plane.name, name)):
            yield (
                f"Uncertainty of {name}, estimated without the HR image, and the real error, for comparison",
                embed(plot_trust(found.lr, found.reblurred, found.turned, found.error, None, plane.hr_pixel_nm)),
            )
    yield "Line profile, spectra, and Fourier ring correlation with the HR image", embed(lines)


def _cell(value: Interval, form: str = "%.4g") -> Markup:
    """Table cell of a mean and, below it, its interval."""
    if value.low is None:
        return Markup("<td>{}</td>").format(form % value.mean)
    return Markup("<td>{}<small>{:.3g} … {:.3g}</small></td>").format(form % value.mean, value.low, value.high)
