"""Images of one field side by side, each with the contrast of its own."""

import numpy as np
from matplotlib.figure import Figure

from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.report.style import NO_TICKS


def plot_side_by_side(pictures: dict[str, np.ndarray]) -> Figure:
    """Draw (Y, X) images of any sizes with their names, from their percentile 0.1 (black) to 99.9 (white)."""
    figure = Figure(figsize=(6 * len(pictures), 6.3), layout="constrained")
    grid = figure.subplots(1, len(pictures), squeeze=False, subplot_kw=NO_TICKS)
    for axes, (name, image) in zip(grid[0], pictures.items(), strict=True):
        low, high = scaling_of(image)
        axes.imshow(image, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
        axes.set_title(f"{name}, {image.shape[1]} x {image.shape[0]} px")
        axes.set_axis_off()
    return figure
