"""A bar of a round length on an image."""

import numpy as np
from matplotlib.axes import Axes

SHARE = 0.25  # of the image's width, at most


def draw_scale_bar(axes: Axes, shape: tuple[int, int], pixel_size_nm: float | None) -> None:
    """Draw a white bar with its length into the lower right corner of an image of `shape` (Y, X) pixels.

    The length is 1, 2 or 5 times a power of ten nanometres or micrometres, or pixels where their size is not known.
    """
    height, width = shape
    most = SHARE * width * (pixel_size_nm or 1.0)
    power = 10.0 ** np.floor(np.log10(most))
    length = max(step * power for step in (1, 2, 5) if step * power <= most)
    if not pixel_size_nm:
        label = f"{length:g} px"
    else:
        label = f"{length / 1e3:g} µm" if length >= 1e3 else f"{length:g} nm"
    pixels = length / (pixel_size_nm or 1.0)
    right, bottom = 0.95 * width, 0.95 * height
    axes.plot([right - pixels, right], [bottom, bottom], linewidth=3, color="white", solid_capstyle="butt")
    axes.text(right - pixels / 2, bottom - 0.03 * height, label, color="white", ha="center", va="bottom", fontsize=8)
