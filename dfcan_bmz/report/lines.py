"""What images hold, as curves: line profiles, spectra, agreement with the truth by frequency."""

import numpy as np
from matplotlib.figure import Figure

from dfcan_bmz.metrics import affine
from dfcan_bmz.report.panels import richest_region
from dfcan_bmz.report.style import TRUTH, colours
from dfcan_bmz.resolution import AGAINST_TRUTH, radial_power, ring_correlation

FLOOR = 1e-9  # of the power that is drawn, for intensities of 0..1


def plot_lines(
    hr: np.ndarray, predicted: dict[str, np.ndarray], models: list[str], hr_pixel_nm: float | None
) -> tuple[Figure, tuple[int, int, int]]:
    """Draw a line profile, radial spectra and Fourier ring correlations with the HR image.

    Parameters
    ----------
    hr : numpy.ndarray
        (sY, sX).
    predicted : dict of str to numpy.ndarray
        (sY, sX) by method; each is fitted to `hr` (protocol "affine").
    models : list of str
        Which of the methods are models.
    hr_pixel_nm : float or None
        Side of an HR pixel; axes are in pixels where it is not known.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Three axes.
    line : tuple of int
        Row, first and last column of the profile in HR pixels: through the brightest point of the richest region.
    """
    truth, _ = affine(hr, hr)
    fitted = {name: affine(hr, image)[1] for name, image in predicted.items()}
    top, left, side = richest_region(truth)
    row = top + int(np.argmax(truth[top : top + side, left : left + side].max(axis=1)))
    columns = slice(left, left + side)
    colour = colours(list(predicted), models)
    unit, length = (hr_pixel_nm / 1e3, "µm") if hr_pixel_nm else (1.0, "px")
    figure = Figure(figsize=(13, 3.6), layout="constrained")
    profile, spectra, agreement = figure.subplots(1, 3)
    place = np.arange(side) * unit
    frequency, power = radial_power(truth)
    profile.plot(place, truth[row, columns], color=TRUTH, linewidth=2, label="HR")
    # the first ring holds the mean, which was taken away
    spectra.semilogy(frequency[1:] / unit, power[1:], color=TRUTH, linewidth=2, label="HR")
    for name, image in fitted.items():
        style = {"color": colour[name], "label": name, "linewidth": 1.6 if name in models else 1.1}
        profile.plot(place, image[row, columns], **style)
        spectra.semilogy(frequency[1:] / unit, np.maximum(radial_power(image)[1][1:], FLOOR), **style)
        agreement.plot(frequency[1:] / unit, ring_correlation(truth, image)[1][1:], **style)
    agreement.axhline(AGAINST_TRUTH, color="#999999", linestyle=":", linewidth=1)
    profile.set(xlabel=f"place ({length})", ylabel="intensity (fitted to HR)", title=f"Line profile, row {row}")
    spectra.set(xlabel=f"frequency (1/{length})", ylabel="power", title="Radial power spectrum", ylim=(FLOOR, None))
    agreement.set(xlabel=f"frequency (1/{length})", ylabel="FRC with HR", title="Agreement with HR", ylim=(-0.1, 1.05))
    agreement.legend(frameon=False, fontsize=8)
    return figure, (row, left, left + side - 1)
