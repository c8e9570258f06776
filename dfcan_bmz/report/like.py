"""Real and simulated images beside each other, and what they have in common."""

import numpy as np
from matplotlib.figure import Figure

from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.report.style import NO_TICKS
from dfcan_bmz.resolution import radial_power

COLOURS = ("#222222", "#0b62a4", "#c08a2d")
CROPS = 4
BINS = np.linspace(0, 1, 41)


def plot_like(
    crops: dict[str, list[np.ndarray]], series: dict[str, list[np.ndarray]], distance: dict[str, dict[str, float]]
) -> Figure:
    """Draw real and simulated crops, their histograms and spectra, and the distances before and after a fit.

    Parameters
    ----------
    crops : dict of str to list of numpy.ndarray
        By name of the row: up to four images (Y, X).
    series : dict of str to list of numpy.ndarray
        By name: the images whose histograms and spectra are averaged.
    distance : dict of str to dict of str to float
        By name: distance by kind.
    """
    figure = Figure(figsize=(13, 2.6 * len(crops) + 3.4), layout="constrained")
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=(2.5 * len(crops), 3.4)).flat
    grid = above.subplots(len(crops), CROPS, squeeze=False, subplot_kw=NO_TICKS)
    for row, (name, pictures) in zip(grid, crops.items(), strict=True):
        row[0].set_ylabel(name)
        for axes, picture in zip(row, pictures, strict=False):
            low, high = scaling_of(picture)
            axes.imshow(picture, cmap="inferno", vmin=low, vmax=high, interpolation="nearest")
        for axes in row[max(len(pictures), 1) :]:
            axes.set_axis_off()
    left, middle, right = below.subplots(1, 3)
    for (name, planes), colour in zip(series.items(), COLOURS, strict=True):
        units = [scaling_of(plane).apply(plane) for plane in planes]
        shares = np.mean([np.histogram(np.clip(unit, 0, 1), BINS)[0] / unit.size for unit in units], axis=0)
        left.stairs(shares, BINS, color=colour, label=name)
        spectra = [radial_power(unit) for unit in units]
        power = np.exp(np.mean([np.log(np.maximum(power, 1e-12)) for _, power in spectra], axis=0))
        middle.semilogy(spectra[0][0][1:], power[1:], color=colour, label=name)
    left.set(xlabel="intensity, 0 to 1 as the network sees it", ylabel="fraction of the pixels", yscale="log")
    middle.set(xlabel="cycles per pixel", ylabel="power")
    left.legend(frameon=False)
    _draw_distances(right, distance)
    return figure


def _draw_distances(axes, distance: dict[str, dict[str, float]]) -> None:
    height = 0.8 / len(distance)
    for index, ((name, kinds), colour) in enumerate(zip(distance.items(), COLOURS[:0:-1], strict=True)):
        places = np.arange(len(kinds)) + index * height
        axes.barh(places, list(kinds.values()), height, color=colour, label=name)
    axes.set_yticks(np.arange(len(kinds)) + height / 2, list(kinds))
    axes.invert_yaxis()
    axes.axvline(1, color="#bbbbbb", linestyle="--")
    axes.set(xlabel="distance of real from simulated images\n(1: the farthest among the simulated)")
    axes.legend(frameon=False)
