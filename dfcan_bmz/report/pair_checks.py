"""How well the pairs of a set are registered, and how much of them is saturated."""

import numpy as np
from matplotlib.figure import Figure

from dfcan_bmz.data.pair_checks import MOST_SHIFT_PX, PairCheck
from dfcan_bmz.data.registration import LEAST_AGREEMENT
from dfcan_bmz.data.survey import MOST_SATURATED, Survey

GOOD, LIMIT = "#0b62a4", "#c02020"


def plot_pair_checks(checks: list[PairCheck], surveys: list[Survey]) -> Figure:
    """Draw shifts, agreement and saturated pixels of all pairs, with the limits beyond which a pair is a problem."""
    figure = Figure(figsize=(12, 3.8), layout="constrained")
    shifts, agreements, saturation = figure.subplots(1, 3)
    right, down = (np.array([getattr(check, name) for check in checks]) for name in ("right_px", "down_px"))
    shifts.plot(right, down, "o", color=GOOD, alpha=0.5, markeredgewidth=0)
    angle = np.linspace(0, 2 * np.pi, 100)
    shifts.plot(MOST_SHIFT_PX * np.cos(angle), MOST_SHIFT_PX * np.sin(angle), color=LIMIT, linewidth=1)
    reach = 1.2 * max(MOST_SHIFT_PX, *np.abs(np.concatenate([[0.0], right, down])[np.isfinite([0.0, *right, *down])]))
    shifts.set(xlabel="HR image to the right (HR px)", ylabel="HR image down (HR px)", title="registration")
    shifts.set(xlim=(-reach, reach), ylim=(reach, -reach), aspect="equal")
    finite = [check.agreement for check in checks if np.isfinite(check.agreement)]
    agreements.hist(finite, bins=np.linspace(min(0, *finite, 0), 1, 31), color=GOOD)
    agreements.axvline(LEAST_AGREEMENT, color=LIMIT, linewidth=1)
    agreements.set(xlabel="correlation of LR and HR details", ylabel="pairs", title="agreement")
    shares = [100 * survey.saturated for survey in surveys]
    saturation.hist(shares, bins=np.linspace(0, max(120 * MOST_SATURATED, *shares), 31), color=GOOD)
    saturation.axvline(100 * MOST_SATURATED, color=LIMIT, linewidth=1)
    saturation.set(xlabel="pixels at the largest value (%)", ylabel="images", title="saturation")
    return figure
