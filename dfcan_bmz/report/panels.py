"""Images side by side."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dfcan_bmz.metrics import affine

INSET = 0.3  # side of the zoomed region, as a share of the image


def plot_example(lr: np.ndarray, hr: np.ndarray, predicted: dict[str, np.ndarray]) -> Figure:
    """Draw LR | every prediction | HR, and below them a region enlarged.

    Parameters
    ----------
    lr : numpy.ndarray
        (Y, X).
    hr : numpy.ndarray
        (sY, sX).
    predicted : dict of str to numpy.ndarray
        (sY, sX) by method; each is fitted to `hr`, so that all share one contrast.
    """
    s = hr.shape[0] // lr.shape[0]
    truth, _ = affine(hr, hr)
    nearest = lr.repeat(s, axis=0).repeat(s, axis=1)
    columns = {"LR": affine(hr, nearest)[1]}
    columns |= {name: affine(hr, image)[1] for name, image in predicted.items()}
    columns["HR"] = truth
    top, left, side = _richest_region(truth)
    figure = Figure(figsize=(12, 5.1), layout="constrained")
    axes = figure.subplots(2, len(columns))
    for column, (name, image) in zip(axes.T, columns.items(), strict=True):
        style = {"cmap": "gray", "vmin": 0, "vmax": 1, "interpolation": "nearest"}
        column[0].imshow(image, **style)
        column[0].set_title(name)
        column[0].add_patch(Rectangle((left, top), side, side, fill=False, edgecolor="#ffcc00"))
        column[1].imshow(image[top : top + side, left : left + side], **style)
        for ax in column:
            ax.set_axis_off()
    return figure


def _richest_region(image: np.ndarray) -> tuple[int, int, int]:
    side = max(16, int(min(image.shape) * INSET))
    step = max(1, side // 4)
    places = [
        (float(image[y : y + side, x : x + side].std()), y, x)
        for y in range(0, image.shape[0] - side + 1, step)
        for x in range(0, image.shape[1] - side + 1, step)
    ]
    _, top, left = max(places)
    return top, left, side
