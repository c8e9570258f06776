"""Metrics by light: the dimmer the image, the more a network has to guess."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from dfcan_bmz.evaluation.measure import Case, Facts
from dfcan_bmz.evaluation.score import Score, values_of
from dfcan_bmz.metrics import affine
from dfcan_bmz.report.style import GRAY, NO_TICKS, colours

MOST_LEVELS = 4
SHOWN = {"psnr": "PSNR (dB)", "ssim": "SSIM"}


def plot_levels(scores: list[Score], facts: list[Facts], models: list[str], protocol: str) -> Figure | None:
    """Draw PSNR and SSIM of every method against the light level, where it is known, and the signal-to-noise ratio.

    Parameters
    ----------
    scores : list of Score
        All scores.
    facts : list of Facts
        The images to show.
    models : list of str
        Which of the methods are models.
    protocol : str
        Under which protocol.

    Returns
    -------
    matplotlib.figure.Figure or None
        None where there are fewer than three images: too few to show anything.
    """
    if len(facts) < 3:
        return None
    methods = list(dict.fromkeys(score.method for score in scores))
    colour = colours(methods, models)
    levels = sorted({fact.level for fact in facts} - {""}, key=_as_number)
    axes_by = (["level"] if len(levels) > 1 else []) + ["signal-to-noise"]
    figure = Figure(figsize=(5.2 * len(SHOWN), 3.5 * len(axes_by)), layout="constrained")
    grid = figure.subplots(len(axes_by), len(SHOWN), squeeze=False)
    for row, by in zip(grid, axes_by, strict=True):
        for axes, (metric, label) in zip(row, SHOWN.items(), strict=True):
            for method in methods:
                values = values_of(scores, method, protocol, metric)
                style = {"color": colour[method], "label": method}
                if by == "level":
                    _plot_by_level(axes, facts, values, levels, style)
                else:
                    _plot_by_noise(axes, facts, values, style)
            axes.set(ylabel=f"{label}, {protocol}")
    grid[0, -1].legend(frameon=False, fontsize=8)
    return figure


def plot_series(series: list[Case], models: list[str]) -> Figure | None:
    """Draw one field at up to `MOST_LEVELS` of its light levels, LR image above what each model makes of it, and HR.

    Parameters
    ----------
    series : list of Case
        The same field at different light levels.
    models : list of str
        Which of the predictions to draw.

    Returns
    -------
    matplotlib.figure.Figure or None
        None where there are not two levels.
    """
    series = sorted(series, key=lambda case: _as_number(case.plane.level))
    if len({case.plane.level for case in series}) < 2:
        return None
    shown = [series[index] for index in np.linspace(0, len(series) - 1, min(len(series), MOST_LEVELS)).astype(int)]
    figure = Figure(figsize=(2.9 * (len(shown) + 1), 3.0 * (1 + len(models))), layout="constrained")
    grid = figure.subplots(1 + len(models), len(shown) + 1, subplot_kw=NO_TICKS)
    for column, case in zip(grid.T, shown, strict=False):
        hr, s = case.plane.hr, case.plane.hr.shape[0] // case.plane.lr.shape[0]
        pictures = [case.plane.lr.repeat(s, axis=0).repeat(s, axis=1), *(case.predicted[name] for name in models)]
        for axes, name, picture in zip(column, ["LR", *models], pictures, strict=True):
            axes.imshow(affine(hr, picture)[1], **GRAY)
            axes.set(ylabel=name if case is shown[0] else "")
        column[0].set_title(f"level {case.plane.level}")
    grid[0, -1].imshow(affine(hr, hr)[0], **GRAY)
    grid[0, -1].set_title("HR")
    for axes in grid[:, -1]:
        axes.set_axis_off()
    return figure


def _plot_by_level(axes: Axes, facts: list[Facts], values: dict[str, float], levels: list[str], style: dict) -> None:
    known = [(levels.index(fact.level), values[fact.image]) for fact in facts if fact.level]
    places, found = (np.array(part) for part in zip(*known, strict=True))
    axes.plot(places, found, ".", markersize=4, alpha=0.5, color=style["color"])
    present = np.unique(places)
    axes.plot(present, [np.mean(found[places == place]) for place in present], **style)
    axes.set_xticks(range(len(levels)), levels)
    axes.set_xlabel("light level (points: images; lines: means)")


def _plot_by_noise(axes: Axes, facts: list[Facts], values: dict[str, float], style: dict) -> None:
    axes.semilogx([fact.signal_to_noise for fact in facts], [values[fact.image] for fact in facts], ".", **style)
    axes.set_xlabel("signal-to-noise ratio of the LR image")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _as_number(level: str) -> tuple[float, str]:
    try:
        return float(level), level
    except ValueError:
        return np.inf, level
