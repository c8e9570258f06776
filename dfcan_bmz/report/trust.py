"""Maps that need no ground truth, beside the image and its prediction."""

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

from dfcan_bmz.error_maps import rse_map
from dfcan_bmz.evaluation.measure import Plane
from dfcan_bmz.evaluation.trust import Disagreement, Reblur, disagreement, reblur
from dfcan_bmz.images import mean_frame
from dfcan_bmz.metrics import affine
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.report.scale_bar import draw_scale_bar
from dfcan_bmz.report.style import NO_TICKS

MAP = {"cmap": "inferno", "vmin": 0, "interpolation": "nearest"}
UNCERTAINTY_PX = 128  # largest side of the crop whose maps are drawn beside the error: they take eight predictions


def plot_trust(
    lr: np.ndarray,
    reblurred: Reblur,
    turned: Disagreement,
    hr_pixel_nm: float | None,
    error: np.ndarray | None = None,
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
    hr_pixel_nm : float or None
        Side of an HR pixel.
    error : numpy.ndarray, optional
        (sY, sX): absolute error.
    """
    low, high = scaling_of(lr)
    panels = {
        "LR": (lr, {"cmap": "gray", "vmin": low, "vmax": high}),
        "mean prediction": (turned.mean, {"cmap": "gray", "vmin": 0, "vmax": 1}),
        "re-blurring error": (reblurred.error, MAP),
        "disagreement of turned inputs": (turned.spread, MAP),
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


def plot_uncertainty(
    plane: Plane, prediction: np.ndarray, predict: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> Figure:
    """Draw the uncertainty of a prediction, and its real error after a fit of gain and offset, in the plane's middle.

    Parameters
    ----------
    plane : Plane
        LR image and truth.
    prediction : numpy.ndarray
        (sY, sX), finite, in the units of `plane.lr`.
    predict : callable
        The model: part of an LR image with its frames, and the whole, to (sY, sX) in 0..1; it normalises the part as it
        does the whole.
    """
    s = plane.hr.shape[0] // plane.lr.shape[0]
    height, width = plane.lr.shape
    side_y, side_x = min(height, UNCERTAINTY_PX), min(width, UNCERTAINTY_PX)
    y, x = (height - side_y) // 2, (width - side_x) // 2
    rows, columns = slice(s * y, s * (y + side_y)), slice(s * x, s * (x + side_x))
    crop = plane.frames[..., y : y + side_y, x : x + side_x]
    error = rse_map(*affine(plane.hr, prediction))[rows, columns]
    lr = mean_frame(crop)
    reblurred = reblur(prediction[rows, columns], lr, scaling_of(plane.lr))
    turned = disagreement(lambda part: predict(part, plane.frames), crop, plane.phases)
    return plot_trust(lr, reblurred, turned, plane.hr_pixel_nm, error)
