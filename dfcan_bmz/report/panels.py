"""Images side by side."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dfcan_bmz.metrics import affine
from dfcan_bmz.report.scale_bar import draw_scale_bar
from dfcan_bmz.report.style import GRAY, NO_TICKS

INSET = 0.3  # side of the zoomed region, as a share of the image


def plot_example(
    lr: np.ndarray,
    hr: np.ndarray,
    predicted: dict[str, np.ndarray],
    hr_pixel_nm: float | None = None,
    line: tuple[int, int, int] | None = None,
) -> Figure:
    """Draw LR | every prediction | HR, and below them a region enlarged.

    Parameters
    ----------
    lr : numpy.ndarray
        (Y, X).
    hr : numpy.ndarray
        (sY, sX).
    predicted : dict of str to numpy.ndarray
        (sY, sX) by method; each is fitted to `hr`, so that all share one contrast.
    hr_pixel_nm : float, optional
        Side of an HR pixel, for the scale bars; they count pixels where it is not known.
    line : tuple of int, optional
        Row, first and last column of a line to mark in the enlarged region, in HR pixels.
    """
    s = hr.shape[0] // lr.shape[0]
    truth, _ = affine(hr, hr)
    nearest = lr.repeat(s, axis=0).repeat(s, axis=1)
    columns = {"LR": affine(hr, nearest)[1]}
    columns |= {name: affine(hr, image)[1] for name, image in predicted.items()}
    columns["HR"] = truth
    top, left, side = richest_region(truth)
    figure = Figure(figsize=(2.4 * len(columns), 5.1), layout="constrained")
    axes = figure.subplots(2, len(columns), subplot_kw=NO_TICKS)
    for column, (name, image) in zip(axes.T, columns.items(), strict=True):
        column[0].imshow(image, **GRAY)
        column[0].set_title(name)
        column[0].add_patch(Rectangle((left, top), side, side, fill=False, edgecolor="#ffcc00"))
        column[1].imshow(image[top : top + side, left : left + side], **GRAY)
        if line:
            row, first, last = line
            column[1].plot(
                [first - left, last - left], [row - top, row - top], color="#ffcc00", linewidth=0.7, alpha=0.8
            )
        for ax in column:
            ax.set_axis_off()
    draw_scale_bar(axes[0, -1], truth.shape, hr_pixel_nm)
    draw_scale_bar(axes[1, -1], (side, side), hr_pixel_nm)
    return figure


def richest_region(image: np.ndarray) -> tuple[int, int, int]:
    """First row, first column and side of the square of an image that varies most."""
    side = max(16, int(min(image.shape) * INSET))
    step = max(1, side // 4)
    places = [
        (float(image[y : y + side, x : x + side].std()), y, x)
        for y in range(0, image.shape[0] - side + 1, step)
        for x in range(0, image.shape[1] - side + 1, step)
    ]
    _, top, left = max(places)
    return top, left, side
