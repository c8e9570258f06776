"""All methods beside each other."""

import numpy as np
from matplotlib.figure import Figure

from dfcan_bmz.evaluation.score import Score, values_of
from dfcan_bmz.evaluation.statistics import Interval, field_means
from dfcan_bmz.report.style import colours

SHOWN = {"psnr": "PSNR (dB)", "ssim": "SSIM", "ms_ssim": "MS-SSIM"}


def plot_scores(
    scores: list[Score],
    summary: dict[tuple[str, str, str], Interval],
    fields: dict[str, str],
    models: list[str],
    protocol: str,
) -> Figure:
    """Draw PSNR, SSIM and MS-SSIM of every method: a point for each field of view, the mean and its interval.

    Parameters
    ----------
    scores : list of Score
        All scores.
    summary : dict
        Interval by (protocol, method, metric).
    fields : dict of str to str
        The field of view of each image that counts.
    models : list of str
        Which of the methods are models.
    protocol : str
        Under which protocol.
    """
    methods = list(dict.fromkeys(score.method for score in scores))
    colour = colours(methods, models)
    figure = Figure(figsize=(13, 0.9 + 0.42 * len(methods)), layout="constrained")
    for axes, (metric, label) in zip(figure.subplots(1, len(SHOWN), sharey=True), SHOWN.items(), strict=True):
        for place, method in enumerate(methods):
            values = {
                image: value for image, value in values_of(scores, method, protocol, metric).items() if image in fields
            }
            points = list(field_means(values, fields).values())
            spread = np.linspace(-0.15, 0.15, len(points)) if len(points) > 1 else [0.0]
            axes.plot(points, place + np.array(spread), ".", color=colour[method], alpha=0.45, markersize=5)
            mean, low, high, _ = summary[protocol, method, metric]
            if low is not None:
                axes.plot([low, high], [place, place], color=colour[method], linewidth=3, solid_capstyle="butt")
            axes.plot(mean, place, "D", color=colour[method], markeredgecolor="white", markersize=8)
        axes.set(xlabel=f"{label}, {protocol}")
        axes.set_yticks(range(len(methods)), methods)
        axes.grid(axis="x", color="#e5e5e5")
        axes.set_axisbelow(True)
    figure.axes[0].invert_yaxis()
    return figure
