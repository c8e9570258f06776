"""Maps that need no ground truth, beside the image and its prediction."""

import numpy as np
from matplotlib.figure import Figure

from dfcan_bmz.evaluation.trust import Disagreement, Reblur
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.report.scale_bar import draw_scale_bar
from dfcan_bmz.report.style import NO_TICKS

MAP = {"cmap": "inferno", "vmin": 0, "interpolation": "nearest"}


def plot_trust(
    lr: np.ndarray,
    reblurred: Reblur,
    turned: Disagreement,
    error: np.ndarray | None,
    error_bar: float | None,
    hr_pixel_nm: float | None,
) -> Figure:
    """Draw the LR image, the prediction, both maps of uncertainty and, where the truth is known, the real error.

    Parameters
    ----------
    lr : numpy.ndarray
        (Y, X).
    reblurred : Reblur
        Of the prediction, against `lr`.
    turned : Disagreement
        Of the predictions of the turned image, (sY, sX).
    error : numpy.ndarray or None
        (sY, sX): absolute error.
    error_bar : float or None
        What the disagreement is multiplied by to be drawn as an error bar; None to draw it as it is.
    hr_pixel_nm : float or None
        Side of an HR pixel.
    """
    low, high = scaling_of(lr)
    panels = {
        "LR": (lr, {"cmap": "gray", "vmin": low, "vmax": high}),
        "mean prediction": (turned.mean, {"cmap": "gray", "vmin": 0, "vmax": 1}),
        "re-blurring error": (reblurred.error, MAP),
        "error bar (68 %)" if error_bar else "disagreement of turned inputs": (turned.spread * (error_bar or 1), MAP),
    }
    if error is not None:
        panels["real error"] = (error, MAP)
    figure = Figure(figsize=(2.75 * len(panels), 3.1), layout="constrained")
    places = figure.subplots(1, len(panels), subplot_kw=NO_TICKS)
    for axes, (name, (image, style)) in zip(places, panels.items(), strict=True):
        shown = axes.imshow(image, **({"vmax": np.percentile(image, 99.8)} | style))
        axes.set_title(name, fontsize=10)
        axes.set_axis_off()
        if style is MAP:
            figure.colorbar(shown, ax=axes, shrink=0.75, location="bottom")
    draw_scale_bar(figure.axes[1], turned.mean.shape, hr_pixel_nm)
    return figure
