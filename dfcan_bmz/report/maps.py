"""The maps of errors as the notebook of ZeroCostDL4Mic shows them."""

import numpy as np
from matplotlib.figure import Figure

from dfcan_bmz.interpolation import bicubic
from dfcan_bmz.metrics import affine, rse_map, score, ssim_map
from dfcan_bmz.report.style import GRAY, NO_TICKS

SCALE = GRAY | {"cmap": "CMRmap"}


def plot_error_maps(lr: np.ndarray, hr: np.ndarray, prediction: np.ndarray) -> Figure:
    """Draw source, target and prediction, and the maps of SSIM and RSE of source and prediction against the target.

    Parameters
    ----------
    lr : numpy.ndarray
        (Y, X); enlarged by bicubic interpolation.
    hr, prediction : numpy.ndarray
        (sY, sX); source and prediction are fitted to `hr` by least squares (protocol "affine").
    """
    source = bicubic(lr, hr.shape[0] // lr.shape[0])
    truth, fitted_source = affine(hr, source)
    _, fitted = affine(hr, prediction)
    figure = Figure(figsize=(13, 12.5), layout="constrained")
    axes = figure.subplots(3, 3, subplot_kw=NO_TICKS)
    for ax, (name, image) in zip(
        axes[0], {"Source, enlarged": fitted_source, "Target": truth, "Prediction": fitted}.items(), strict=True
    ):
        ax.imshow(image, **GRAY)
        ax.set_title(name)
    for column, name, image, fit in ((1, "source", source, fitted_source), (2, "prediction", prediction, fitted)):
        values = score(hr, image, affine)
        shown = axes[1, column].imshow(ssim_map(truth, fit), **SCALE)
        axes[1, column].set(title=f"SSIM, target vs. {name}", xlabel=f"SSIM {values['ssim']:.3f}")
        axes[2, column].imshow(rse_map(truth, fit), **SCALE)
        axes[2, column].set(
            title=f"RSE, target vs. {name}", xlabel=f"NRMSE {values['nrmse']:.3f}, PSNR {values['psnr']:.2f} dB"
        )
    for row, text in (
        (1, "SSIM map\n1: identical\n0: nothing in common"),
        (2, "RSE map\n0: equal\n1: off by the range"),
    ):
        axes[row, 0].text(0.5, 0.5, text, ha="center", va="center", fontsize=14)
        figure.colorbar(shown, ax=axes[row, :], shrink=0.9)
    for ax in axes.flat:
        ax.set(frame_on=False)
    return figure
